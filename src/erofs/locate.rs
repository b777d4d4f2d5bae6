//! What lies at a byte of an image that was laid out.

use super::disk::{BLOCK_SIZE, FIRST_INODE_OFFSET, SLOT_SIZE, SUPERBLOCK_OFFSET};
use super::layout::{Item, Layout};
use super::shape::{Data, chunk_count};
use crate::num::{index, low32, wide};
use crate::tree::FileType;

const BLOCK: u64 = wide(BLOCK_SIZE);

/// What lies at a byte of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The structure, such as `inode`.
    pub structure: &'static str,
    /// The field of it, such as `mode`, if it has fields.
    pub field: Option<&'static str>,
    /// The path of the inode that it belongs to, if it belongs to one.
    pub path: Option<Vec<u8>>,
}

impl Part {
    fn new(structure: &'static str) -> Self {
        Self { structure, field: None, path: None }
    }

    /// In words, such as `the mode of the inode of /etc`, with a path as `show` has it.
    #[must_use]
    pub fn words(&self, show: impl Fn(&[u8]) -> String) -> String {
        let field = self.field.map_or_else(String::new, |field| format!("the {field} of "));
        let path = self.path.as_ref().map_or_else(String::new, |path| {
            let path = show(path);
            format!(" of {path}")
        });
        format!("{field}the {}{path}", self.structure)
    }
}

/// The fields of a structure: where each begins, and its name.
type Fields = [(u64, &'static str)];

const HEADER: &Fields =
    &[(0, "magic"), (4, "header version"), (8, "flags"), (12, "version"), (16, "reserved part")];

const SUPERBLOCK: &Fields = &[
    (0, "magic"),
    (4, "checksum"),
    (8, "compatible features"),
    (12, "block size"),
    (13, "number of extra slots"),
    (14, "root's number"),
    (16, "number of inodes"),
    (24, "base time"),
    (36, "number of blocks"),
    (40, "start of inodes"),
    (44, "start of shared xattrs"),
    (48, "UUID"),
    (64, "volume name"),
    (80, "incompatible features"),
    (84, "reserved part"),
];

const COMPACT: &Fields = &[
    (0, "format"),
    (2, "xattr count"),
    (4, "mode"),
    (6, "link count"),
    (8, "size"),
    (12, "reserved part"),
    (16, "place of data"),
    (20, "inode number"),
    (24, "owner"),
    (26, "group"),
    (28, "reserved part"),
];

const EXTENDED: &Fields = &[
    (0, "format"),
    (2, "xattr count"),
    (4, "mode"),
    (6, "reserved part"),
    (8, "size"),
    (16, "place of data"),
    (20, "inode number"),
    (24, "owner"),
    (28, "group"),
    (32, "time"),
    (44, "link count"),
    (48, "reserved part"),
];

/// The field that a byte of a structure is in.
fn field(fields: &Fields, at: u64) -> Option<&'static str> {
    fields.iter().rev().find(|(start, _)| *start <= at).map(|&(_, name)| name)
}

/// What `field` tells of the start of an inode.
struct Head {
    fields: &'static Fields,
    len: u64,
    xattrs: u64,
}

impl Layout<'_> {
    /// What lies at a byte of the image; behind the end, and in gaps, padding does.
    ///
    /// # Example
    /// ```
    /// # use cfs::tree::{Builder, Facts, Mode};
    /// use cfs::erofs::{Version, layout};
    /// # let root = Facts::new(Mode::new(0o40755).unwrap());
    /// # let tree = Builder::new(b"", root)?.finish()?;
    /// let layout = layout(&tree, Version::V0)?;
    /// let words = |at| layout.part_at(at).words(|path| String::from_utf8_lossy(path).into());
    /// assert_eq!(words(12), "the version of the composefs header");
    /// assert_eq!(words(1024 + 128 + 4), "the mode of the inode of /");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn part_at(&self, offset: u64) -> Part {
        let superblock = wide(SUPERBLOCK_OFFSET);
        if offset < 32 {
            return Part { field: field(HEADER, offset), ..Part::new("composefs header") };
        }
        if (superblock..wide(FIRST_INODE_OFFSET)).contains(&offset) {
            let field = field(SUPERBLOCK, offset.saturating_sub(superblock));
            return Part { field, ..Part::new("superblock") };
        }
        if offset >= self.len() {
            return Part::new("end");
        }
        if offset >= self.data_start {
            return self.block_at(offset);
        }
        let table_end = self.inodes_end.saturating_add(wide(self.areas.shared_table.len()));
        if (self.inodes_end..table_end).contains(&offset) {
            return Part::new("table of shared xattrs");
        }
        if offset < superblock || offset >= self.inodes_end {
            return Part::new("padding");
        }
        self.inode_at(offset)
    }

    /// What lies at a byte among the inodes.
    fn inode_at(&self, offset: u64) -> Part {
        let place = |item| u64::from(self.nid(item)).saturating_mul(wide(SLOT_SIZE));
        let behind = self.order.partition_point(|&item| place(item) <= offset);
        let Some(&item) = behind.checked_sub(1).and_then(|at| self.order.get(at)) else {
            return Part::new("padding");
        };
        let at = offset.saturating_sub(place(item));
        let head = self.head(place(item));
        let path = Some(self.path_of(item));
        if at < head.len {
            return Part { structure: "inode", field: field(head.fields, at), path };
        }
        let tail = head.len.saturating_add(head.xattrs);
        let ino = low32(wide(behind.saturating_sub(1)));
        match at.checked_sub(tail) {
            None => Part { path, ..Part::new("xattrs") },
            Some(at) if at < self.tail_len(item, ino) => {
                Part { path, ..Part::new(self.data_of(item)) }
            }
            Some(_) => Part::new("padding"),
        }
    }

    /// Bytes of the data of an inode that lie behind its xattrs.
    fn tail_len(&self, item: Item, ino: u32) -> u64 {
        let Ok(node) = item.get() else { return 0 };
        let at = self.extents.partition_point(|extent| extent.ino < ino);
        let cut = self.extents.get(at).filter(|extent| extent.ino == ino).map(|extent| extent.cut);
        let in_blocks = cut.map_or(0, |cut| cut.blocks);
        match Data::of(&self.tree.facts(node)) {
            Data::None => cut.map_or(0, |cut| wide(cut.tail)),
            Data::Inline(content) => {
                wide(content.len()).saturating_sub(u64::from(in_blocks).saturating_mul(BLOCK))
            }
            Data::External(_) | Data::Symlink(_) if in_blocks > 0 => 0,
            Data::External(size) => wide(index(chunk_count(size))).saturating_mul(4),
            Data::Symlink(target) => wide(target.len()),
        }
    }

    /// How an inode begins.
    fn head(&self, place: u64) -> Head {
        let mut start = [0; 4];
        self.emit(place, &mut start);
        let [format, _, low, high] = start;
        let xattrs = match u16::from_le_bytes([low, high]) {
            0 => 0,
            count => u64::from(count).saturating_mul(4).saturating_add(8),
        };
        let (fields, len) = if format & 1 == 0 { (COMPACT, 32) } else { (EXTENDED, 64) };
        Head { fields, len, xattrs }
    }

    /// What lies at a byte of the data blocks.
    fn block_at(&self, offset: u64) -> Part {
        let number = offset.saturating_sub(self.data_start) / BLOCK;
        let starts_before = |first: u32| u64::from(first) <= number;
        let behind = self.extents.partition_point(|extent| starts_before(extent.first_block));
        let before = self.extents.get(..behind).unwrap_or_default();
        let extent = before.iter().rev().find(|extent| extent.cut.blocks > 0);
        let item = extent.and_then(|extent| self.order.get(index(extent.ino)));
        match item {
            Some(&item) => Part { path: Some(self.path_of(item)), ..Part::new(self.data_of(item)) },
            None => Part::new("padding"),
        }
    }

    /// What the data of an inode is.
    fn data_of(&self, item: Item) -> &'static str {
        let kind = item.get().map(|node| self.tree.facts(node).file_type());
        match kind {
            Ok(FileType::Directory) => "list of names",
            Ok(FileType::Symlink) => "target",
            Ok(FileType::Regular) => "content",
            _ => "padding",
        }
    }

    fn path_of(&self, item: Item) -> Vec<u8> {
        match item.get() {
            Ok(node) => self.tree.path(node),
            Err(stub) => format!("/{stub:02x}").into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{COMPACT, EXTENDED, HEADER, SUPERBLOCK, field};
    use crate::erofs::disk::{ComposefsHeader, InodeCompact, InodeExtended, SuperBlock};
    use std::mem::offset_of;

    #[test]
    fn fields_begin_where_the_structures_have_them() {
        let at = |fields, offset: usize| field(fields, u64::try_from(offset).unwrap()).unwrap();
        assert_eq!(at(HEADER, offset_of!(ComposefsHeader, composefs_version)), "version");
        assert_eq!(at(HEADER, offset_of!(ComposefsHeader, unused)), "reserved part");
        assert_eq!(at(SUPERBLOCK, offset_of!(SuperBlock, root_nid)), "root's number");
        assert_eq!(at(SUPERBLOCK, offset_of!(SuperBlock, build_time_nsec)), "base time");
        assert_eq!(at(SUPERBLOCK, offset_of!(SuperBlock, blocks)), "number of blocks");
        assert_eq!(at(SUPERBLOCK, offset_of!(SuperBlock, unused)), "reserved part");
        assert_eq!(at(COMPACT, offset_of!(InodeCompact, nlink)), "link count");
        assert_eq!(at(COMPACT, offset_of!(InodeCompact, gid)), "group");
        assert_eq!(at(COMPACT, offset_of!(InodeCompact, reserved2)), "reserved part");
        assert_eq!(at(EXTENDED, offset_of!(InodeExtended, mtime_nsec)), "time");
        assert_eq!(at(EXTENDED, offset_of!(InodeExtended, nlink)), "link count");
        assert_eq!(at(EXTENDED, offset_of!(InodeExtended, ino) + 3), "inode number");
    }
}
