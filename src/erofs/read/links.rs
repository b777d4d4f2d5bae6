//! Which inodes were met, and which names are further names of one.

use super::super::disk::SLOT_SIZE;
use crate::num::index;
use crate::tree::{BuildError, Builder, NodeId};

/// Slots of an image, one bit each: the memory is a 256th of the image's length.
#[derive(Debug)]
struct Slots(Vec<u64>);

impl Slots {
    fn new(image_len: usize) -> Self {
        let words = image_len.div_ceil(SLOT_SIZE).div_ceil(64);
        Self(vec![0; words])
    }

    /// Adds a slot, and says whether it is new.
    #[inline]
    fn insert(&mut self, slot: u32) -> bool {
        let Some(word) = self.0.get_mut(index(slot >> 6)) else { return false };
        let bit = 1u64 << (slot & 63);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    fn contains(&self, slot: u32) -> bool {
        self.0.get(index(slot >> 6)).is_some_and(|word| word & 1 << (slot & 63) != 0)
    }
}

/// What is remembered of every inode to find its further names.
#[derive(Debug)]
pub(super) struct Links {
    met: Slots,
    /// The slot of the inode that each node stands for, by the node's number.
    slots: Vec<u32>,
    /// Slot and node of every further name.
    further: Vec<(u32, NodeId)>,
}

/// Whether an inode was met before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    First,
    Again,
}

impl Links {
    pub(super) fn new(image_len: usize, names: usize) -> Self {
        Self { met: Slots::new(image_len), slots: Vec::with_capacity(names), further: Vec::new() }
    }

    /// Notes that the next node stands for the inode at an offset.
    #[inline]
    pub(super) fn meet(&mut self, at: usize) -> Result<Meeting, BuildError> {
        let slot = u32::try_from(at >> SLOT_SIZE.ilog2()).map_err(|_| BuildError::TooMany)?;
        self.slots.push(slot);
        Ok(if self.met.insert(slot) { Meeting::First } else { Meeting::Again })
    }

    /// Notes that the last node is a further name of its inode.
    pub(super) fn add(&mut self, node: NodeId) {
        if let Some(&slot) = self.slots.last() {
            self.further.push((slot, node));
        }
    }

    /// Tells the builder where every further name leads to.
    pub(super) fn resolve(mut self, builder: &mut Builder<'_>) -> Result<(), BuildError> {
        if self.further.is_empty() {
            return Ok(());
        }
        self.further.sort_unstable_by_key(|&(slot, _)| slot);
        self.met.0.fill(0);
        for &(slot, _) in &self.further {
            self.met.insert(slot);
        }
        for (&slot, carrier) in self.slots.iter().zip((0..).map(NodeId)) {
            if self.met.contains(slot) && !builder.is_link(carrier) {
                resolve_to(&self.further, slot, carrier, builder)?;
            }
        }
        Ok(())
    }
}

/// Resolves all further names of one inode.
fn resolve_to(
    further: &[(u32, NodeId)],
    slot: u32,
    carrier: NodeId,
    builder: &mut Builder<'_>,
) -> Result<(), BuildError> {
    let start = further.partition_point(|&(other, _)| other < slot);
    let rest = further.get(start..).unwrap_or_default();
    for &(_, link) in rest.iter().take_while(|&&(other, _)| other == slot) {
        builder.resolve(link, carrier)?;
    }
    Ok(())
}
