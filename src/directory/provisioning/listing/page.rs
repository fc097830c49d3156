//! A page cut from the places of one part or several.

use super::place::{Place, Places, compare};
use super::{Page, Provisioned};
use crate::scim::cursor::{Cursor, Position};
use crate::scim::error::ScimError;

/// The places of a page.
pub(super) struct Found {
    pub(super) total: usize,
    pub(super) places: Vec<Place>,
    pub(super) next: Option<Cursor>,
    pub(super) previous: Option<Cursor>,
}

/// Of a list of several parts `most` are read to get to a page by index.
pub(super) fn find(parts: &[Places<'_>], page: &Page, most: usize) -> Provisioned<Found> {
    let mut found = Found {
        total: parts.iter().map(Places::total).sum(),
        places: Vec::new(),
        next: None,
        previous: None,
    };
    match page {
        Page::Index { skip, count } => found.places = by_index(parts, *skip, *count, most)?,
        Page::Cursor { from, count } => by_cursor(parts, from.as_ref(), *count, &mut found)?,
    }
    Ok(found)
}

fn by_index(
    parts: &[Places<'_>],
    skip: usize,
    count: usize,
    most: usize,
) -> Provisioned<Vec<Place>> {
    match parts {
        _ if count == 0 => Ok(Vec::new()),
        [only] => only.at(skip, count),
        several => {
            // They may be mixed, so what comes before the page has to be read as well.
            let end = skip.saturating_add(count);
            if end > most {
                return Err(ScimError::too_many(format!(
                    "A list of several resource types has no `startIndex` beyond {most}: \
                     send an empty `cursor` and follow `nextCursor`, or ask one type at a time."
                ))
                .into());
            }
            let each = several.iter().map(|part| part.at(0, end));
            let mut places = merged(parts, each)?;
            places.truncate(end);
            Ok(places.split_off(skip.min(places.len())))
        }
    }
}

fn by_cursor(
    parts: &[Places<'_>],
    from: Option<&Cursor>,
    count: usize,
    found: &mut Found,
) -> Provisioned<()> {
    if count == 0 {
        return Ok(());
    }
    let backward = from.is_some_and(|cursor| cursor.backward);
    let position = from.map(|cursor| &cursor.position);
    // One more than is shown tells whether there are more.
    let each = parts
        .iter()
        .map(|part| part.beyond(position, backward, count + 1));
    let mut places = merged(parts, each)?;
    let more = places.len() > count;
    if backward {
        places = places.split_off(places.len().saturating_sub(count));
    } else {
        places.truncate(count);
    }
    if let (Some(first), Some(last)) = (places.first(), places.last()) {
        let (first, last) = (first.position(), last.position());
        let after = if backward {
            exists(parts, &last, false)?
        } else {
            more
        };
        let before = match from {
            None => false,
            Some(_) if backward => more,
            Some(_) => exists(parts, &first, true)?,
        };
        found.next = after.then_some(Cursor {
            backward: false,
            position: last,
        });
        found.previous = before.then_some(Cursor {
            backward: true,
            position: first,
        });
    }
    found.places = places;
    Ok(())
}

fn exists(parts: &[Places<'_>], position: &Position, backward: bool) -> Provisioned<bool> {
    for part in parts {
        if !part.beyond(Some(position), backward, 1)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn merged(
    parts: &[Places<'_>],
    each: impl Iterator<Item = Provisioned<Vec<Place>>>,
) -> Provisioned<Vec<Place>> {
    let descending = parts.first().is_some_and(Places::descending);
    let mut places = Vec::new();
    for part in each {
        places.extend(part?);
    }
    places.sort_by(|a, b| compare(&a.position(), &b.position(), descending));
    Ok(places)
}
