//! Memory in large pages.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_void;

use rustix::mm::{
    Advice, MapFlags, MremapFlags, ProtFlags, madvise, mmap_anonymous, mremap, munmap,
};

/// An allocator that keeps what is large in large pages, and leaves all else to the system's.
///
/// The tree of a million entries lies in some 80 MB, which are 20,000 pages of 4 KiB, each of which
/// costs a fault when it is first touched: a fifth of the time of a run. In pages of 2 MiB they are
/// 40. Where the system has no such pages, nothing is lost.
#[derive(Clone, Copy, Debug, Default)]
pub struct LargePages;

/// The size of a large page.
const LARGE_PAGE: usize = 2 << 20;
/// Allocations of fewer bytes are left to the system's allocator.
const LARGE: usize = 2 * LARGE_PAGE;
/// The alignment of any page.
const PAGE: usize = 4096;

/// The bytes that are mapped for an allocation; `None` if it is left to the system's allocator.
fn mapped(size: usize, align: usize) -> Option<usize> {
    if size < LARGE || align > PAGE { None } else { size.checked_next_multiple_of(LARGE_PAGE) }
}

/// Maps memory of this many bytes, all zero; null if there is none.
fn map_large(len: usize) -> *mut u8 {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: the system chooses a place that nothing else uses.
    let mapped = unsafe { mmap_anonymous(std::ptr::null_mut(), len, access, MapFlags::PRIVATE) };
    let Ok(start) = mapped else { return std::ptr::null_mut() };
    // SAFETY: these bytes have just been mapped, and the advice changes none of them. It may be
    // declined.
    let _ = unsafe { madvise(start, len, Advice::LinuxHugepage) };
    start.cast()
}

// SAFETY: what is mapped is as large as was asked for and aligned to a page, overlaps nothing, and
// stays until it is given back; `mapped` gives the same answer for the same layout each time. All
// else is `System`'s, under the same rules.
unsafe impl GlobalAlloc for LargePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match mapped(layout.size(), layout.align()) {
            Some(len) => map_large(len),
            // SAFETY: the caller keeps the rules of `GlobalAlloc`, which are those of `System`.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match mapped(layout.size(), layout.align()) {
            Some(len) => map_large(len),
            // SAFETY: as in `alloc`.
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match (mapped(layout.size(), layout.align()), mapped(size, layout.align())) {
            // SAFETY: as in `alloc`.
            (None, None) => unsafe { System.realloc(start, layout, size) },
            (Some(old), Some(new)) if old == new => start,
            (Some(old), Some(new)) => {
                // SAFETY: `alloc` has mapped `old` bytes at `start`, and the caller uses them no more.
                let moved = unsafe { mremap(start.cast(), old, new, MremapFlags::MAYMOVE) };
                moved.map_or(std::ptr::null_mut(), <*mut c_void>::cast)
            }
            _ => {
                // SAFETY: the caller says that `size` fits this alignment and is not 0.
                let to = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
                // SAFETY: as in `alloc`; both pieces hold at least the smaller number of bytes, and
                // they are not the same.
                unsafe {
                    let new = self.alloc(to);
                    if !new.is_null() {
                        new.copy_from_nonoverlapping(start, size.min(layout.size()));
                        self.dealloc(start, layout);
                    }
                    new
                }
            }
        }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        match mapped(layout.size(), layout.align()) {
            // SAFETY: `alloc` has mapped these bytes, and the caller uses them no more. If it fails,
            // they stay mapped and unused.
            Some(len) => _ = unsafe { munmap(start.cast(), len) },
            // SAFETY: as in `alloc`.
            None => unsafe { System.dealloc(start, layout) },
        }
    }
}
