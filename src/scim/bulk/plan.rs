//! In which order the operations of a bulk request are done: as they came, except that what one
//! refers to is made before it. What refers to each other in a circle comes together (the strongly
//! connected components of Tarjan's algorithm, which come out in this very order).

/// The order; `needs` has, for each operation, the places of those it refers to.
pub(super) fn order(needs: &[&[usize]]) -> Vec<Vec<usize>> {
    let mut search = Search {
        needs,
        nodes: vec![Node::default(); needs.len()],
        next: 0,
        open: Vec::new(),
        found: Vec::new(),
    };
    for start in 0..needs.len() {
        search.from(start);
    }
    search.found
}

#[derive(Clone, Default)]
struct Node {
    /// When it was first seen, counted from 1; 0 if it wasn't.
    seen: usize,
    /// The earliest seen of those that it leads to.
    low: usize,
    is_open: bool,
}

struct Search<'a> {
    needs: &'a [&'a [usize]],
    nodes: Vec<Node>,
    next: usize,
    open: Vec<usize>,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    /// Without recursion: a chain may be as long as the request, and stacks are short here.
    fn from(&mut self, start: usize) {
        if self.node(start).seen != 0 {
            return;
        }
        self.enter(start);
        let mut way = vec![(start, 0)];
        while let Some((place, at)) = way.pop() {
            let next = self.needs.get(place).and_then(|needs| needs.get(at));
            let Some(&next) = next else {
                self.leave(place);
                if let Some(&(before, _)) = way.last() {
                    let low = self.node(place).low;
                    self.lower(before, low);
                }
                continue;
            };
            way.push((place, at + 1));
            let node = self.node(next);
            if node.seen == 0 {
                self.enter(next);
                way.push((next, 0));
            } else if node.is_open {
                self.lower(place, node.seen);
            }
        }
    }

    fn node(&self, place: usize) -> Node {
        self.nodes.get(place).cloned().unwrap_or_default()
    }

    fn enter(&mut self, place: usize) {
        self.next += 1;
        if let Some(node) = self.nodes.get_mut(place) {
            *node = Node {
                seen: self.next,
                low: self.next,
                is_open: true,
            };
        }
        self.open.push(place);
    }

    fn lower(&mut self, place: usize, low: usize) {
        if let Some(node) = self.nodes.get_mut(place) {
            node.low = node.low.min(low);
        }
    }

    fn leave(&mut self, place: usize) {
        let node = self.node(place);
        if node.low != node.seen {
            return;
        }
        let mut together = Vec::new();
        while let Some(member) = self.open.pop() {
            if let Some(node) = self.nodes.get_mut(member) {
                node.is_open = false;
            }
            together.push(member);
            if member == place {
                break;
            }
        }
        together.sort_unstable();
        self.found.push(together);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(needs: &[&[usize]]) -> Vec<Vec<usize>> {
        order(needs)
    }

    #[test]
    fn stays_as_it_came_where_nothing_refers_forward() {
        assert_eq!(ordered(&[]), Vec::<Vec<usize>>::new());
        assert_eq!(ordered(&[&[], &[0], &[], &[0, 2]]), [[0], [1], [2], [3]]);
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        assert_eq!(ordered(&[&[2], &[], &[3], &[]]), [[3], [2], [0], [1]]);
        assert_eq!(ordered(&[&[], &[3, 2], &[], &[]]), [[0], [3], [2], [1]]);
    }

    #[test]
    fn circles_stand_together() {
        assert_eq!(ordered(&[&[0]]), [[0]]);
        assert_eq!(ordered(&[&[1], &[0]]), [[0, 1]]);
        assert_eq!(
            ordered(&[&[2], &[], &[3], &[4, 0], &[]]),
            [vec![4], vec![0, 2, 3], vec![1]]
        );
    }

    #[test]
    fn long_chains_need_no_stack() {
        let needs: Vec<Vec<usize>> = (0..100_000)
            .map(|n| if n < 99_999 { vec![n + 1] } else { vec![] })
            .collect();
        let needs: Vec<&[usize]> = needs.iter().map(Vec::as_slice).collect();
        let order = ordered(&needs);
        assert_eq!(order.len(), 100_000);
        assert_eq!(order[0], [99_999]);
    }

    /// Each is there once, and whatever it needs is there before it or with it.
    #[test]
    fn holds_for_any_references() {
        let mut seed = 0x5EED_u64;
        let mut random = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % u64::try_from(below.max(1)).unwrap()).unwrap()
        };
        for _ in 0..500 {
            let count = 1 + random(12);
            let needs: Vec<Vec<usize>> = (0..count)
                .map(|_| (0..random(3)).map(|_| random(count)).collect())
                .collect();
            let needs: Vec<&[usize]> = needs.iter().map(Vec::as_slice).collect();
            let mut done = Vec::new();
            for together in ordered(&needs) {
                done.extend(together.iter().copied());
                for place in together {
                    assert!(
                        needs[place].iter().all(|need| done.contains(need)),
                        "{needs:?}"
                    );
                }
            }
            done.sort_unstable();
            assert_eq!(done, (0..count).collect::<Vec<_>>());
        }
    }
}
