//! Gives every inode, name and xattr of an image its place. Writes no byte.

use std::sync::Mutex;

use super::area::{self, Areas, External};
use super::dir::{self, Cursor, Cut, Cutter, Names, Target};
use super::disk::{BLOCK_SIZE, FIRST_INODE_OFFSET, Form, MAX_EXTERNAL, SLOT_SIZE};
use super::jobs::{DoAll, finished, in_turn, lock};
use super::policy::{Policy, Version};
use super::shape::{
    Data, MAX_INLINE, MAX_PAYLOAD, MAX_SYMLINK, Shape, chunk_count, form, form_size, inline_cut,
    place,
};
use super::stored::{Role, SetId};
use super::survey::{Roles, survey};
use super::write_error::{WriteError, WriteErrorKind};
use crate::num::{index, low32, wide};
use crate::tree::{FileType, Inode, InodeId, Kind, Mtime, NodeId, Tree};

const BLOCK: u64 = wide(BLOCK_SIZE);
const SLOT: u64 = wide(SLOT_SIZE);

/// Inodes whose shapes are found in one go.
const PART: usize = 1 << 15;

/// Inodes whose parts are fetched together.
pub(super) const GROUP: u32 = 32;

/// An inode of the image: one of the tree's, or a device that the writer adds to the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item(u32);

impl Item {
    const FIRST_STUB: u32 = u32::MAX - 255;

    fn stub(number: u8) -> Self {
        Self(Self::FIRST_STUB + u32::from(number))
    }

    fn node(node: NodeId) -> Self {
        Self(node.number())
    }

    /// The node, or the number of the added device.
    #[inline]
    pub(super) fn get(self) -> Result<NodeId, u8> {
        match self.0.checked_sub(Self::FIRST_STUB) {
            None => Ok(NodeId::from_number(self.0)),
            Some(number) => Err(crate::num::low8(u64::from(number))),
        }
    }
}

/// What an inode has beside its header and xattrs: data blocks, or the list of a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Number of the inode in the image.
    pub(super) ino: u32,
    /// For a directory, number of the inode above it.
    pub(super) parent: u32,
    /// For a directory, 2 plus the directories in it.
    pub(super) nlink: u32,
    /// Data blocks, and for a directory the bytes behind its inode.
    pub(super) cut: Cut,
    /// The first data block, counted from the start of the data blocks.
    pub(super) first_block: u32,
    /// For a directory, its first chunk in [`Layout::chunks`], if it has blocks.
    pub(super) first_chunk: usize,
}

/// The place of everything in an image.
///
/// The image is not in memory: [`Layout::emit`] writes any stretch of it.
#[derive(Debug)]
pub struct Layout<'t> {
    pub(super) tree: &'t Tree<'t>,
    pub(super) policy: Policy,
    pub(super) base_time: Mtime,
    pub(super) has_acl: bool,
    pub(super) stubs: Vec<u8>,
    roles: Roles,
    pub(super) areas: Areas<'t>,
    /// Inodes in the order of their numbers.
    pub(super) order: Vec<Item>,
    /// Place of each inode of the tree, in slots from the start of the image; before that, its
    /// [`Shape`].
    nids: Vec<u32>,
    stub_nids: [u32; 256],
    pub(super) extents: Vec<Extent>,
    pub(super) chunks: Vec<Cursor>,
    pub(super) inodes_end: u64,
    pub(super) data_start: u64,
    len: u64,
}

/// Lays out a tree.
///
/// # Errors
/// [`WriteError`] if the tree holds what no image can, with the node at fault.
pub fn layout<'t>(tree: &'t Tree<'t>, version: Version) -> Result<Layout<'t>, WriteError> {
    layout_with(tree, version, &in_turn)
}

/// As [`layout`], with the parts that need not one another left to `do_all`.
///
/// # Errors
/// Those of [`layout`].
pub fn layout_with<'t>(
    tree: &'t Tree<'t>,
    version: Version,
    do_all: &DoAll<'_>,
) -> Result<Layout<'t>, WriteError> {
    let policy = version.policy();
    let stubs = dir::stubs(tree);
    let roles = Roles::new(tree);
    let (areas, base_time) = survey(tree, policy, &roles, stubs.len(), do_all);
    let mut layout = Layout {
        tree,
        policy,
        base_time,
        has_acl: areas.have_acl(),
        stubs,
        roles,
        areas,
        order: Vec::with_capacity(tree.inode_count() + 256),
        nids: Vec::new(),
        stub_nids: [0; 256],
        extents: Vec::new(),
        chunks: Vec::new(),
        inodes_end: 0,
        data_start: 0,
        len: 0,
    };
    layout.shape_inodes(do_all)?;
    layout.place_inodes()?;
    layout.place_rest()?;
    Ok(layout)
}

impl<'t> Layout<'t> {
    /// Bytes of the image, a multiple of 4096.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an image is never empty")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The number of inodes, with the devices that the writer adds.
    #[must_use]
    pub fn inode_count(&self) -> usize {
        self.order.len()
    }

    /// The `composefs_version` of the image.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.policy.composefs_version
    }

    /// Slot of an inode of the image.
    #[inline]
    pub(super) fn nid(&self, item: Item) -> u32 {
        match item.get() {
            Ok(node) => self.nid_of_node(node),
            Err(stub) => self.stub_nid(stub),
        }
    }

    #[inline]
    pub(super) fn nid_of_node(&self, node: NodeId) -> u32 {
        self.nids.get(index(self.tree.inode_of(node).number())).copied().unwrap_or_default()
    }

    pub(super) fn stub_nid(&self, stub: u8) -> u32 {
        self.stub_nids[usize::from(stub)]
    }

    /// Slot of the inode with a number.
    pub(super) fn nid_of_ino(&self, ino: u32) -> u32 {
        self.order.get(index(ino)).map_or(0, |&item| self.nid(item))
    }

    pub(super) fn names(&self, directory: NodeId) -> Names<'_> {
        let stubs = if directory == NodeId::ROOT { &*self.stubs } else { &[] };
        Names { tree: self.tree, directory, stubs }
    }

    /// The stored xattrs of an inode of the tree.
    #[inline]
    pub(super) fn set_of(&self, id: InodeId, inode: &Inode<'_, '_>) -> SetId {
        let role = self.roles.of(id, inode);
        self.areas.sets().find(inode.xattr_set(), role).unwrap_or(SetId::MAX)
    }

    /// The stored xattrs of the devices added to the root.
    pub(super) fn stub_set(&self) -> SetId {
        let root = self.tree.facts(NodeId::ROOT).xattr_set();
        self.areas.sets().find(root, Role::Stub).unwrap_or(SetId::MAX)
    }

    /// Notes how much room each inode takes, in the order in which they lie in memory. What a
    /// directory lists is not counted yet.
    fn shape_inodes(&mut self, do_all: &DoAll<'_>) -> Result<(), WriteError> {
        let mut shapes = vec![0; self.tree.inode_count()];
        let parts = shapes.chunks_mut(PART).map(|part| Mutex::new((part, Ok(()))));
        let parts: Vec<_> = parts.collect();
        do_all(parts.len(), &|i| {
            if let Some(part) = parts.get(i) {
                let (part, outcome) = &mut *lock(part);
                *outcome = self.shape_part(i * PART, part);
            }
        });
        let outcomes = parts.into_iter().map(|part| finished(part).1);
        outcomes.collect::<Result<(), WriteError>>()?;
        self.nids = shapes;
        Ok(())
    }

    /// The shapes of some inodes from one on.
    fn shape_part(&self, first: usize, shapes: &mut [u32]) -> Result<(), WriteError> {
        for (number, place) in (low32(wide(first))..).zip(shapes) {
            let id = InodeId::from_number(number);
            let shape = self.shape(id, &self.tree.inode(id)).map_err(|kind| {
                let carrier = self.tree.carriers().get(index(number)).copied();
                WriteError::new(carrier.unwrap_or(NodeId::ROOT), kind)
            })?;
            *place = shape.0;
        }
        Ok(())
    }

    fn place_inodes(&mut self) -> Result<(), WriteError> {
        let stub_area = self.areas.len(self.stub_set(), None);
        let stub_head = wide(self.stub_form().header_size() + stub_area);
        let mut parents = vec![0u32];
        let mut directories = 0;
        let mut blocks = 0u32;
        let mut end = wide(FIRST_INODE_OFFSET);
        self.order.push(Item::node(NodeId::ROOT));
        let mut ino = 0u32;
        while let Some(&item) = self.order.get(index(ino)) {
            if ino.is_multiple_of(GROUP) {
                let next = self.order.get(index(ino)..).unwrap_or_default();
                let group = next.iter().take(index(GROUP));
                self.tree.fetch_first_names(group.filter_map(|item| item.get().ok()));
            }
            match item.get() {
                Err(stub) => {
                    end = end.next_multiple_of(SLOT);
                    self.stub_nids[usize::from(stub)] = low32(end / SLOT);
                    end += stub_head;
                }
                Ok(node) => {
                    let first_extent = self.extents.len();
                    let kind = self.tree.kind(node);
                    let shape = Shape(self.nid_of_node(node));
                    let (head, cut) = if kind == Kind::File(FileType::Directory) {
                        let parent = parents.get(directories).copied().unwrap_or_default();
                        directories += 1;
                        let listed = self.list(node, ino, parent, &mut parents);
                        (self.directory_head(node, shape, listed), listed.cut)
                    } else {
                        (shape.head(), shape.cut())
                    };
                    let is_symlink = kind == Kind::File(FileType::Symlink);
                    let (place, cut) = place(end, head, cut, is_symlink);
                    end = place + head + wide(cut.tail);
                    self.keep(node, ino, place, cut, first_extent, &mut blocks)?;
                }
            }
            ino += 1;
        }
        self.inodes_end = end.next_multiple_of(SLOT);
        self.len = u64::from(blocks) * BLOCK;
        Ok(())
    }

    /// The form of the header of an added device, which follows its owner and group alone: its time
    /// is the root's.
    pub(super) fn stub_form(&self) -> Form {
        let root = self.tree.facts(NodeId::ROOT);
        form(self.base_time, root.mtime(), 1, root.uid(), root.gid(), 0)
    }

    /// Notes where an inode went.
    fn keep(
        &mut self,
        node: NodeId,
        ino: u32,
        place: u64,
        cut: Cut,
        first_extent: usize,
        blocks: &mut u32,
    ) -> Result<(), WriteError> {
        let too_large = || WriteError::new(node, WriteErrorKind::ImageTooLarge);
        let nid = u32::try_from(place / SLOT).map_err(|_| too_large())?;
        if let Some(slot) = self.nids.get_mut(index(self.tree.inode_of(node).number())) {
            *slot = nid;
        }
        if cut.blocks > 0 && self.extents.len() == first_extent {
            let none = Extent { ino, parent: 0, nlink: 0, cut, first_block: 0, first_chunk: 0 };
            self.extents.push(none);
        }
        if let Some(extent) = self.extents.get_mut(first_extent) {
            extent.cut = cut;
            extent.first_block = *blocks;
            *blocks = blocks.checked_add(cut.blocks).ok_or_else(too_large)?;
        }
        Ok(())
    }

    /// Cuts the names of a directory, and queues what is in it.
    fn list(&mut self, node: NodeId, ino: u32, parent: u32, parents: &mut Vec<u32>) -> Extent {
        let tree = self.tree;
        let stubs = if node == NodeId::ROOT { std::mem::take(&mut self.stubs) } else { Vec::new() };
        let names = Names { tree, directory: node, stubs: &stubs };
        let first_chunk = self.chunks.len();
        let (mut cursor, mut cutter, mut nlink) = (names.start(), Cutter::default(), 2u32);
        self.chunks.push(cursor);
        loop {
            let before = cursor;
            let Some((name, target)) = names.next(&mut cursor) else { break };
            if cutter.add(name) {
                self.chunks.push(before);
            }
            match target {
                Target::Node(child) if !tree.is_link(child) => {
                    if tree.kind(child) == Kind::File(FileType::Directory) {
                        nlink += 1;
                        parents.push(ino);
                    }
                    self.order.push(Item::node(child));
                }
                Target::Stub(number) => self.order.push(Item::stub(number)),
                _ => {}
            }
        }
        let cut = cutter.finish();
        if cut.blocks == 0 {
            self.chunks.truncate(first_chunk);
        }
        if node == NodeId::ROOT {
            self.stubs = stubs;
        }
        let extent = Extent { ino, parent, nlink, cut, first_block: 0, first_chunk };
        self.extents.push(extent);
        extent
    }

    /// Header and xattr area of a directory, which many names make larger than its shape says.
    fn directory_head(&self, node: NodeId, shape: Shape, listed: Extent) -> u64 {
        let inode = self.tree.facts(node);
        let form_of = |nlink, size| {
            form(self.base_time, inode.mtime(), nlink, inode.uid(), inode.gid(), size)
        };
        if listed.nlink <= u32::from(u16::MAX) && listed.cut.size() <= u64::from(u32::MAX) {
            return shape.head();
        }
        let (as_shaped, as_listed) = (form_of(0, 0), form_of(listed.nlink, listed.cut.size()));
        shape.head() - wide(as_shaped.header_size()) + wide(as_listed.header_size())
    }

    #[inline]
    fn shape(&self, id: InodeId, inode: &Inode<'_, '_>) -> Result<Shape, WriteErrorKind> {
        let (size, cut) = match Data::of(inode) {
            Data::None => (form_size(inode), Cut::default()),
            Data::Inline(content) if content.len() > MAX_INLINE => {
                return Err(WriteErrorKind::ContentTooLong(content.len()));
            }
            Data::Inline(content) => (wide(content.len()), inline_cut(content.len())),
            Data::External(size) if size > MAX_EXTERNAL => {
                return Err(WriteErrorKind::SizeTooBig(size));
            }
            Data::External(size) => (size, Cut { blocks: 0, tail: 4 * index(chunk_count(size)) }),
            Data::Symlink(target) if !(1..=MAX_SYMLINK).contains(&target.len()) => {
                return Err(WriteErrorKind::BadSymlink(target.len()));
            }
            Data::Symlink(target) => (wide(target.len()), Cut { blocks: 0, tail: target.len() }),
        };
        let external = inode.is_external().then(|| External::new(id, inode));
        if let Some(external) = external.as_ref().filter(|e| e.payload.len() > MAX_PAYLOAD) {
            return Err(WriteErrorKind::PayloadTooLong(external.payload.len()));
        }
        let set = self.set_of(id, inode);
        let area = self.areas.len(set, external.as_ref());
        if area::icount(area).is_none() {
            return Err(WriteErrorKind::XattrsTooLarge(area));
        }
        if self.areas.turns_into_whiteout(set) && inode.file_type() == FileType::Regular {
            return Err(WriteErrorKind::ReservedXattr);
        }
        let nlink = if inode.file_type() == FileType::Directory { 0 } else { inode.nlink() };
        let form = form(self.base_time, inode.mtime(), nlink, inode.uid(), inode.gid(), size);
        Ok(Shape::new(form.header_size() + area, cut))
    }

    /// Places the shared table and the data blocks, which fixes every reference.
    fn place_rest(&mut self) -> Result<(), WriteError> {
        let table = wide(self.areas.shared_table.len());
        let too_large = || WriteError::new(NodeId::ROOT, WriteErrorKind::ImageTooLarge);
        if table / 4 > area::MAX_TABLE {
            return Err(too_large());
        }
        self.areas.base = low32(self.inodes_end % BLOCK / 4);
        self.data_start = (self.inodes_end + table).next_multiple_of(BLOCK);
        self.len += self.data_start;
        u32::try_from(self.len / BLOCK).map_err(|_| too_large())?;
        Ok(())
    }
}
