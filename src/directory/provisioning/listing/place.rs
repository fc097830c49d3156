//! Where resources stand in a list: what a page is cut from.

use std::cmp::Ordering;

use super::indexed::Indexed;
use super::{Provisioned, Resources};
use crate::scim::cursor::Position;
use crate::scim::sort::Key;

/// A resource's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) resources: Resources,
    pub(super) part: u8,
    pub(super) key: Key,
    pub(super) id: String,
}

impl Place {
    pub(super) fn position(&self) -> Position {
        Position {
            part: self.part,
            key: self.key.clone(),
            id: self.id.clone(),
        }
    }
}

/// The order of a list. Descending is ascending read backwards, but for the parts.
pub(super) fn compare(left: &Position, right: &Position, descending: bool) -> Ordering {
    let within = (&left.key, &left.id).cmp(&(&right.key, &right.id));
    let within = if descending { within.reverse() } else { within };
    left.part.cmp(&right.part).then(within)
}

/// All places of one part of a list.
pub(super) enum Places<'a> {
    /// They are in an index, and only those of the page are read.
    Indexed(Indexed<'a>),
    /// They have been looked at one by one.
    Scanned {
        /// In the order of the list.
        places: Vec<Place>,
        descending: bool,
    },
}

impl Places<'_> {
    pub(super) fn scanned(mut places: Vec<Place>, part: u8, descending: bool) -> Self {
        for place in &mut places {
            place.part = part;
        }
        places.sort_by(|a, b| compare(&a.position(), &b.position(), descending));
        Self::Scanned { places, descending }
    }

    pub(super) fn total(&self) -> usize {
        match self {
            Self::Indexed(indexed) => indexed.total(),
            Self::Scanned { places, .. } => places.len(),
        }
    }

    pub(super) fn descending(&self) -> bool {
        match self {
            Self::Indexed(indexed) => indexed.descending(),
            Self::Scanned { descending, .. } => *descending,
        }
    }

    /// So many behind so many others.
    pub(super) fn at(&self, skip: usize, count: usize) -> Provisioned<Vec<Place>> {
        match self {
            Self::Indexed(indexed) => indexed.at(skip, count),
            Self::Scanned { places, .. } => {
                Ok(places.iter().skip(skip).take(count).cloned().collect())
            }
        }
    }

    /// The nearest behind a position, or before it, in the order of the list; all without one.
    pub(super) fn beyond(
        &self,
        position: Option<&Position>,
        backward: bool,
        count: usize,
    ) -> Provisioned<Vec<Place>> {
        match self {
            Self::Indexed(indexed) => indexed.beyond(position, backward, count),
            Self::Scanned { places, descending } => {
                let Some(position) = position else {
                    return self.at(0, count);
                };
                let side = |place: &Place| compare(&place.position(), position, *descending);
                let found: Vec<Place> = if backward {
                    let end = places.partition_point(|place| side(place).is_lt());
                    let start = end.saturating_sub(count);
                    places.get(start..end).unwrap_or_default().to_vec()
                } else {
                    let start = places.partition_point(|place| side(place).is_le());
                    places.iter().skip(start).take(count).cloned().collect()
                };
                Ok(found)
            }
        }
    }
}
