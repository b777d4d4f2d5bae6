//! Writes what `layout` decided, and decides nothing. Cannot fail.
//!
//! Any stretch of the image can be written on its own, so that a caller may write them one after
//! another, or several at once.

use zerocopy::IntoBytes;

use super::area::{self, External};
use super::dir::{Cut, Target};
use super::disk::{
    self, BLOCK_SIZE, ComposefsHeader, Dirent, FIRST_INODE_OFFSET, Form, InodeCompact,
    InodeExtended, Layout as DataLayout, SLOT_SIZE, SUPERBLOCK_OFFSET, SuperBlock,
};
use super::layout::{Extent, GROUP, Layout};
use super::shape::{Data, chunk_bits, chunk_count, form, form_size};
use super::stored::SetId;
use crate::num::{clamp_index, index, low16, low32, wide};
use crate::tree::{FileType, Inode, Kind, Mode, Mtime, NodeId};

const BLOCK: u64 = wide(BLOCK_SIZE);

/// A stretch of the image that is being written, from its first byte to its last.
struct Window<'w> {
    start: u64,
    end: u64,
    /// What is written of it.
    out: &'w mut Vec<u8>,
}

impl Window<'_> {
    /// Puts what `write` appends at an offset from the start of the image, behind all that was put
    /// before; what is between is zero. What falls outside the window is dropped.
    #[inline]
    fn put(&mut self, at: u64, write: impl FnOnce(&mut Vec<u8>)) {
        match at.checked_sub(self.start) {
            Some(behind) => {
                self.out.resize(clamp_index(behind), 0);
                write(self.out);
            }
            None => {
                let mut all = Vec::new();
                write(&mut all);
                let skipped = clamp_index(self.start - at);
                self.out.extend_from_slice(all.get(skipped..).unwrap_or_default());
            }
        }
    }

    fn finish(self) {
        self.out.resize(clamp_index(self.end - self.start), 0);
    }
}

/// An inode of the image, whether it is one of the tree's or was added.
struct Header {
    form: Form,
    layout: DataLayout,
    mode: u16,
    nlink: u32,
    uid: u32,
    gid: u32,
    mtime: Mtime,
    size: u64,
    u: u32,
}

impl Layout<'_> {
    /// Writes the bytes of the image from `start` on, as many as `out` holds. What lies behind the
    /// end of the image is zero.
    ///
    /// # Example
    /// ```
    /// # use cfs::tree::{Builder, Facts, Mode};
    /// use cfs::erofs::{Version, layout};
    /// # let root = Facts::new(Mode::new(0o40755).unwrap());
    /// # let tree = Builder::new(b"", root)?.finish()?;
    /// let layout = layout(&tree, Version::V0)?;
    /// let mut superblock = [0; 128];
    /// layout.emit(1024, &mut superblock);
    /// assert_eq!(superblock[..4], 0xE0F5_E1E2_u32.to_le_bytes());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn emit(&self, start: u64, out: &mut [u8]) {
        let mut bytes = Vec::new();
        self.emit_into(start, out.len(), &mut bytes);
        out.copy_from_slice(&bytes);
    }

    /// As [`Layout::emit`], for `len` bytes, into a vector that is emptied first. A vector that is
    /// used again and again costs nothing but the bytes that are written.
    pub fn emit_into(&self, start: u64, len: usize, out: &mut Vec<u8>) {
        out.clear();
        let end = start.saturating_add(wide(len));
        let mut window = Window { start, end, out };
        if start < wide(FIRST_INODE_OFFSET) {
            self.emit_superblock(&mut window);
        }
        if start < self.inodes_end {
            self.emit_inodes(&mut window);
        }
        let table = &self.areas.shared_table;
        if start < self.inodes_end + wide(table.len()) && self.inodes_end < end {
            window.put(self.inodes_end, |out| out.extend_from_slice(table));
        }
        if self.data_start < end {
            self.emit_blocks(&mut window);
        }
        window.finish();
    }

    /// The whole image. [`Layout::emit`] does with less memory.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut image = Vec::new();
        self.emit_into(0, clamp_index(self.len()), &mut image);
        image
    }

    fn emit_superblock(&self, window: &mut Window<'_>) {
        let header = ComposefsHeader {
            magic: disk::COMPOSEFS_MAGIC.into(),
            version: disk::HEADER_VERSION.into(),
            flags: if self.has_acl { disk::FLAG_HAS_ACL } else { 0 }.into(),
            composefs_version: self.policy.composefs_version.into(),
            unused: [0; 16],
        };
        let superblock = SuperBlock {
            magic: disk::EROFS_MAGIC.into(),
            checksum: 0.into(),
            feature_compat: (disk::COMPAT_MTIME | disk::COMPAT_XATTR_FILTER).into(),
            blkszbits: disk::BLOCK_BITS,
            extslots: 0,
            root_nid: low16(u64::from(self.nid_of_node(NodeId::ROOT))).into(),
            inos: wide(self.order.len()).into(),
            build_time: self.base_time.sec.into(),
            build_time_nsec: self.base_time.nsec.into(),
            blocks: low32(self.len() / BLOCK).into(),
            meta_blkaddr: 0.into(),
            xattr_blkaddr: low32(self.inodes_end / BLOCK).into(),
            uuid: [0; 16],
            volume_name: [0; 16],
            feature_incompat: 0.into(),
            unused: [0; 44],
        };
        window.put(0, |out| out.extend_from_slice(header.as_bytes()));
        window.put(wide(SUPERBLOCK_OFFSET), |out| out.extend_from_slice(superblock.as_bytes()));
    }

    /// Writes all inodes that reach into the window.
    fn emit_inodes(&self, window: &mut Window<'_>) {
        let place = |item| u64::from(self.nid(item)) * wide(SLOT_SIZE);
        let behind = self.order.partition_point(|&item| place(item) <= window.start);
        let first = behind.saturating_sub(1);
        let extent = self.extents.partition_point(|extent| index(extent.ino) < first);
        let mut extents = self.extents.get(extent..).unwrap_or_default().iter().peekable();
        let mut ino = low32(wide(first));
        for items in self.order.get(first..).unwrap_or_default().chunks(index(GROUP)) {
            let nodes = items.iter().filter_map(|item| item.get().ok());
            self.tree.fetch_all(nodes.clone());
            self.tree.fetch_first_names(nodes);
            for &item in items {
                let at = place(item);
                if at >= window.end {
                    return;
                }
                window.put(at, |out| match item.get() {
                    Err(_) => self.write_stub(ino, out),
                    Ok(node) => {
                        let extent = extents.next_if(|extent| extent.ino == ino);
                        self.write_inode(ino, node, extent, out);
                    }
                });
                ino += 1;
            }
        }
    }

    fn write_stub(&self, ino: u32, out: &mut Vec<u8>) {
        let root = self.tree.facts(NodeId::ROOT);
        let header = Header {
            form: self.stub_form(),
            layout: DataLayout::FlatPlain,
            mode: 0o020_644,
            nlink: 1,
            uid: root.uid(),
            gid: root.gid(),
            mtime: root.mtime(),
            size: 0,
            u: 0,
        };
        self.write_head(ino, &header, self.stub_set(), None, out);
    }

    /// Header, xattrs and tail of an inode of the tree.
    fn write_inode(&self, ino: u32, node: NodeId, extent: Option<&Extent>, out: &mut Vec<u8>) {
        let id = self.tree.inode_of(node);
        let inode = self.tree.inode(id);
        let data = Data::of(&inode);
        let header = self.header(node, &inode, data, extent);
        let external = matches!(data, Data::External(_)).then(|| External::new(id, &inode));
        self.write_head(ino, &header, self.set_of(id, &inode), external.as_ref(), out);
        self.write_tail(node, data, extent, out);
    }

    fn header(
        &self,
        node: NodeId,
        inode: &Inode<'_, '_>,
        data: Data<'_>,
        extent: Option<&Extent>,
    ) -> Header {
        let is_directory = inode.file_type() == FileType::Directory;
        let cut = extent.map(|extent| extent.cut);
        let size = match (data, cut) {
            (Data::Inline(bytes) | Data::Symlink(bytes), _) => wide(bytes.len()),
            (Data::External(size), _) => size,
            (Data::None, Some(cut)) if is_directory => cut.size(),
            (Data::None, _) => 0,
        };
        let nlink = extent.filter(|_| is_directory).map_or(inode.nlink(), |extent| extent.nlink);
        let form_size = if size == 0 { form_size(inode) } else { size };
        let mtime = inode.mtime();
        let (uid, gid) = (inode.uid(), inode.gid());
        Header {
            form: form(self.base_time, mtime, nlink, uid, gid, form_size),
            layout: data_layout(data, cut),
            mode: stored_mode(self.tree.kind(node), inode.mode()),
            nlink,
            uid,
            gid,
            mtime,
            size,
            u: self.u(inode, data, extent),
        }
    }

    /// The field whose meaning follows the inode: first block, chunk format, or device.
    fn u(&self, inode: &Inode<'_, '_>, data: Data<'_>, extent: Option<&Extent>) -> u32 {
        let block = extent
            .filter(|extent| extent.cut.blocks > 0)
            .map_or(0, |extent| low32(self.data_start / BLOCK) + extent.first_block);
        match data {
            Data::External(size) => (chunk_bits(size) - 12) | (block & 0xffff_0000),
            Data::None if inode.file_type().is_device() && !inode.is_whiteout() => inode.rdev(),
            _ => block,
        }
    }

    fn write_head(
        &self,
        ino: u32,
        header: &Header,
        set: SetId,
        external: Option<&External<'_>>,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        let head = start + header.form.header_size();
        out.resize(head, 0);
        self.areas.write(set, external, out);
        let icount = area::icount(out.len() - head).unwrap_or_default();
        if let Some(place) = out.get_mut(start..head) {
            header.write(ino, icount, place);
        }
    }

    fn write_tail(&self, node: NodeId, data: Data<'_>, extent: Option<&Extent>, out: &mut Vec<u8>) {
        let spilled = extent.is_some_and(|extent| extent.cut.blocks > 0);
        match data {
            Data::External(_) if spilled => {}
            Data::External(size) => {
                let map = 4 * index(chunk_count(size));
                out.resize(out.len() + map, 0xff);
            }
            Data::Symlink(_) if spilled => {}
            Data::Symlink(target) => out.extend_from_slice(target),
            Data::Inline(content) => {
                let blocks = extent.map_or(0, |extent| index(extent.cut.blocks));
                out.extend_from_slice(content.get(blocks * BLOCK_SIZE..).unwrap_or_default());
            }
            Data::None => {
                if let Some(extent) = extent.filter(|extent| extent.cut.tail > 0) {
                    self.write_chunk(node, extent, extent.cut.blocks, out);
                }
            }
        }
    }

    /// Writes all data blocks that reach into the window.
    fn emit_blocks(&self, window: &mut Window<'_>) {
        let first = window.start.saturating_sub(self.data_start) / BLOCK;
        let behind = self.extents.partition_point(|extent| u64::from(extent.first_block) <= first);
        let from = behind.saturating_sub(1);
        for extent in self.extents.get(from..).unwrap_or_default() {
            let skipped = low32(first.saturating_sub(u64::from(extent.first_block)));
            for block in skipped..extent.cut.blocks {
                let number = u64::from(extent.first_block) + u64::from(block);
                let at = self.data_start + number * BLOCK;
                if at >= window.end {
                    return;
                }
                window.put(at, |out| self.write_block(extent, block, out));
            }
        }
    }

    fn write_block(&self, extent: &Extent, block: u32, out: &mut Vec<u8>) {
        let Some(Ok(node)) = self.order.get(index(extent.ino)).map(|item| item.get()) else {
            return;
        };
        match Data::of(&self.tree.facts(node)) {
            Data::Inline(bytes) | Data::Symlink(bytes) => {
                let from = bytes.get(index(block) * BLOCK_SIZE..).unwrap_or_default();
                out.extend_from_slice(from.get(..BLOCK_SIZE).unwrap_or(from));
            }
            Data::External(_) => out.resize(out.len() + BLOCK_SIZE, 0xff),
            Data::None => self.write_chunk(node, extent, block, out),
        }
    }

    /// Writes a chunk of a directory: records first, then names.
    fn write_chunk(&self, directory: NodeId, extent: &Extent, chunk: u32, out: &mut Vec<u8>) {
        let names = self.names(directory);
        let cursor = self.chunks.get(extent.first_chunk + index(chunk));
        let in_chunks = extent.cut.blocks > 0;
        let mut cursor = cursor.copied().filter(|_| in_chunks).unwrap_or(names.start());
        let mut entries: Vec<(&[u8], Target)> = Vec::with_capacity(BLOCK_SIZE / 16);
        let mut room = BLOCK_SIZE;
        while let Some((name, target)) = names.next(&mut cursor) {
            let Some(less) = room.checked_sub(size_of::<Dirent>() + name.len()) else { break };
            room = less;
            entries.push((name, target));
        }
        // As in `Tree::fetch`: all names at once.
        std::hint::black_box(
            entries
                .iter()
                .fold(0, |all, (name, _)| all ^ name.first().copied().unwrap_or_default()),
        );
        let mut name_offset = entries.len() * size_of::<Dirent>();
        for &(name, target) in &entries {
            let (nid, file_type) = self.target(extent, target);
            let dirent = Dirent {
                nid: u64::from(nid).into(),
                name_offset: low16(wide(name_offset)).into(),
                file_type,
                reserved: 0,
            };
            out.extend_from_slice(dirent.as_bytes());
            name_offset += name.len();
        }
        entries.iter().for_each(|(name, _)| out.extend_from_slice(name));
    }

    /// Inode and type of what a name leads to.
    #[inline]
    fn target(&self, extent: &Extent, target: Target) -> (u32, u8) {
        let directory = disk::dirent_type(FileType::Directory);
        match target {
            Target::This => (self.nid_of_ino(extent.ino), directory),
            Target::Parent => (self.nid_of_ino(extent.parent), directory),
            Target::Stub(number) => {
                (self.stub_nid(number), disk::dirent_type(FileType::CharDevice))
            }
            Target::Node(node) => {
                let file_type = match self.tree.kind(node) {
                    Kind::Whiteout => FileType::Regular,
                    Kind::File(file_type) => file_type,
                };
                (self.nid_of_node(node), disk::dirent_type(file_type))
            }
        }
    }
}

impl Header {
    /// Writes the header, to as many bytes as its form has.
    #[inline]
    fn write(&self, ino: u32, icount: u16, out: &mut [u8]) {
        let format = disk::format(self.form, self.layout);
        match self.form {
            Form::Compact => {
                let inode = InodeCompact {
                    format: format.into(),
                    xattr_icount: icount.into(),
                    mode: self.mode.into(),
                    nlink: low16(u64::from(self.nlink)).into(),
                    size: low32(self.size).into(),
                    reserved: 0.into(),
                    u: self.u.into(),
                    ino: ino.into(),
                    uid: low16(u64::from(self.uid)).into(),
                    gid: low16(u64::from(self.gid)).into(),
                    reserved2: 0.into(),
                };
                out.copy_from_slice(inode.as_bytes());
            }
            Form::Extended => {
                let inode = InodeExtended {
                    format: format.into(),
                    xattr_icount: icount.into(),
                    mode: self.mode.into(),
                    reserved: 0.into(),
                    size: self.size.into(),
                    u: self.u.into(),
                    ino: ino.into(),
                    uid: self.uid.into(),
                    gid: self.gid.into(),
                    mtime: self.mtime.sec.into(),
                    mtime_nsec: self.mtime.nsec.into(),
                    nlink: self.nlink.into(),
                    reserved2: [0; 16],
                };
                out.copy_from_slice(inode.as_bytes());
            }
        }
    }
}

fn data_layout(data: Data<'_>, cut: Option<Cut>) -> DataLayout {
    let blocks = cut.map_or(0, |cut| index(cut.blocks));
    let inline = match data {
        Data::External(_) => return DataLayout::ChunkBased,
        Data::Inline(content) => content.len() > blocks * BLOCK_SIZE,
        Data::Symlink(_) => blocks == 0,
        Data::None => cut.is_some_and(|cut| cut.tail > 0),
    };
    if inline { DataLayout::FlatInline } else { DataLayout::FlatPlain }
}

/// A whiteout is stored as a regular file.
fn stored_mode(kind: Kind, mode: Mode) -> u16 {
    match kind {
        Kind::Whiteout => 0o100_000 | mode.permissions(),
        Kind::File(_) => mode.bits(),
    }
}
