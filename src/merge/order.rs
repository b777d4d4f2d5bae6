//! The order of the merged lines.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::line::Lines;

/// The paths of both sides, each once: ours in their order, theirs behind the line they follow there.
/// If both sides are in the order of a walk, so is this.
pub(super) fn order<'l>(sides: &'l [Lines<'_>; 2]) -> Vec<&'l [u8]> {
    let [ours, theirs] = sides;
    let mut following: BTreeMap<Option<usize>, Vec<&[u8]>> = BTreeMap::new();
    let mut anchor = None;
    for line in &theirs.all {
        match ours.place(&line.path) {
            Some(place) => anchor = Some(place),
            None => following.entry(anchor).or_default().push(&line.path),
        }
    }
    let mut order = Vec::with_capacity(ours.all.len());
    let mut waiting = following.remove(&None).unwrap_or_default().into_iter().peekable();
    for (place, line) in ours.all.iter().enumerate() {
        let is_shared = theirs.place(&line.path).is_some();
        let comes_first = |path: &&[u8]| is_shared || walk_order(path, &line.path).is_lt();
        while let Some(path) = waiting.next_if(comes_first) {
            order.push(path);
        }
        order.push(&*line.path);
        if let Some(behind) = following.remove(&Some(place)) {
            waiting = behind.into_iter().peekable();
        }
    }
    order.extend(waiting);
    order
}

/// Depth first, names sorted by bytes.
pub(super) fn walk_order(a: &[u8], b: &[u8]) -> Ordering {
    a.split(|&byte| byte == b'/').cmp(b.split(|&byte| byte == b'/'))
}
