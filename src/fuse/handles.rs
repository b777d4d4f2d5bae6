//! Files that are open, as the kernel and this program speak of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use fuser::{BackingId, FileHandle, FopenFlags, INodeNo, ReplyOpen};

use super::content::Content;

/// The handle of every file whose content is in the image.
pub(super) const IN_IMAGE: FileHandle = FileHandle(0);

/// What holds for every file: it never changes, and closing it tells nothing.
pub(super) const UNCHANGING: FopenFlags =
    FopenFlags::FOPEN_KEEP_CACHE.union(FopenFlags::FOPEN_NOFLUSH);

/// The shortest file that the kernel is let read by itself, in bytes. It costs two calls an open file,
/// and saves one request for every 128 KiB that are not in the page cache.
const MIN_PASSED: u64 = 128 * 1024;

/// All open external files.
#[derive(Debug, Default)]
pub(super) struct Handles {
    last: AtomicU64,
    contents: RwLock<HashMap<u64, Arc<Content>>>,
    inodes: Mutex<HashMap<u64, Inode>>,
}

/// An inode that is open. The kernel wants all its open files to be read in the same way: by itself from
/// one backing file, or by asking.
#[derive(Debug)]
struct Inode {
    files: usize,
    backing: Option<BackingId>,
}

/// Whether the kernel reads from backing files by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passthrough {
    Offered,
    Not,
}

impl Handles {
    /// Answers that a file is open.
    pub(super) fn open(
        &self,
        ino: INodeNo,
        content: Content,
        passthrough: Passthrough,
        reply: ReplyOpen,
    ) {
        let number = self.last.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let mut inodes = self.inodes();
        let inode = inodes
            .entry(ino.0)
            .or_insert_with(|| Inode { files: 0, backing: backing(&content, passthrough, &reply) });
        inode.files = inode.files.saturating_add(1);
        match &inode.backing {
            Some(backing) => {
                // The page cache is that of the backing file.
                reply.opened_passthrough(FileHandle(number), FopenFlags::FOPEN_NOFLUSH, backing);
            }
            None => {
                let mut contents = self.contents.write().unwrap_or_else(PoisonError::into_inner);
                contents.insert(number, Arc::new(content));
                drop(contents);
                reply.opened(FileHandle(number), UNCHANGING);
            }
        }
    }

    /// The content behind a handle.
    pub(super) fn content(&self, handle: FileHandle) -> Option<Arc<Content>> {
        let contents = self.contents.read().unwrap_or_else(PoisonError::into_inner);
        contents.get(&handle.0).cloned()
    }

    /// Forgets a file that was closed.
    pub(super) fn close(&self, ino: INodeNo, handle: FileHandle) {
        if handle == IN_IMAGE {
            return;
        }
        let mut contents = self.contents.write().unwrap_or_else(PoisonError::into_inner);
        let content = contents.remove(&handle.0);
        drop(contents);
        drop(content);
        let mut inodes = self.inodes();
        if let Some(inode) = inodes.get_mut(&ino.0) {
            inode.files = inode.files.saturating_sub(1);
            if inode.files == 0 {
                inodes.remove(&ino.0);
            }
        }
    }

    fn inodes(&self) -> MutexGuard<'_, HashMap<u64, Inode>> {
        self.inodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the kernel reads a content from by itself, if it is worth it and possible.
fn backing(content: &Content, passthrough: Passthrough, reply: &ReplyOpen) -> Option<BackingId> {
    match content {
        Content::File { file, size }
            if passthrough == Passthrough::Offered && *size >= MIN_PASSED =>
        {
            // Where it cannot, such as from a file system that is stacked too high, it asks.
            reply.open_backing(file).ok()
        }
        _ => None,
    }
}
