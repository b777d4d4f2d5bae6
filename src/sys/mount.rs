//! What mounting needs beside the calls that `rustix` has.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::io::Errno;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, Setter, ioctl};
use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Gives this thread a mount namespace, a root and a working directory of its own; the other threads
/// keep theirs.
///
/// # Errors
/// Those of the system, above all `EPERM`.
pub(crate) fn unshare_mounts() -> Result<(), Errno> {
    // SAFETY: the table of descriptors stays that of all threads.
    unsafe { unshare_unsafe(UnshareFlags::FS | UnshareFlags::NEWNS) }
}

// ---- mount_setattr ------------------------------------------------------------------------------

/// `struct mount_attr` of Linux `include/uapi/linux/mount.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    userns_fd: u64,
}
const _: () = assert!(size_of::<MountAttr>() == 32);

const MOUNT_ATTR_IDMAP: u64 = 0x0010_0000;

/// Maps the owners that a detached mount shows through a user namespace.
///
/// # Errors
/// Those of the system: `ENOSYS` before Linux 5.12, `EINVAL` if the file system cannot do it, `EPERM`
/// for the initial namespace.
pub(crate) fn map_ids(mount: BorrowedFd<'_>, namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    let namespace = u64::try_from(namespace.as_raw_fd()).map_err(|_| Errno::BADF)?;
    let attr = MountAttr { set: MOUNT_ATTR_IDMAP, userns_fd: namespace, ..MountAttr::default() };
    // SAFETY: the call takes a descriptor, a string that ends in NUL, flags, and a structure of the
    // size that is told; it reads both, and keeps neither.
    let status = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            std::ptr::from_ref(&attr),
            size_of::<MountAttr>(),
        )
    };
    if status == 0 {
        return Ok(());
    }
    Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::IO))
}

// ---- loop devices -------------------------------------------------------------------------------

/// `LOOP_CTL_GET_FREE`: the result is a number.
struct FreeLoop;

// SAFETY: the call reads and writes nothing; its result is the number of a device.
unsafe impl Ioctl for FreeLoop {
    type Output = c_int;

    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        0x4c82
    }

    fn as_ptr(&mut self) -> *mut c_void {
        std::ptr::null_mut()
    }

    unsafe fn output_from_ptr(number: IoctlOutput, _: *mut c_void) -> Result<c_int, Errno> {
        Ok(number)
    }
}

/// The number of a loop device that was free a moment ago, made if there is none. `control` is
/// `/dev/loop-control`.
///
/// # Errors
/// Those of the system.
pub(crate) fn free_loop(control: impl AsFd) -> Result<u32, Errno> {
    // SAFETY: `FreeLoop` says what the call does.
    let number = unsafe { ioctl(control, FreeLoop) }?;
    u32::try_from(number).map_err(|_| Errno::NODEV)
}

/// `struct loop_info64` of Linux `include/uapi/linux/loop.h`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct LoopInfo {
    unused: [u64; 5],
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    file_name: [u8; 64],
    crypt_name: [u8; 64],
    encrypt_key: [u8; 32],
    init: [u64; 2],
}
const _: () = assert!(size_of::<LoopInfo>() == 232);

/// `struct loop_config` of the same.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct LoopConfig {
    fd: u32,
    block_size: u32,
    info: LoopInfo,
    reserved: [u64; 8],
}
const _: () = assert!(size_of::<LoopConfig>() == 304);

const LOOP_READ_ONLY: u32 = 1;
const LOOP_AUTOCLEAR: u32 = 4;
const LOOP_DIRECT_IO: u32 = 16;

/// Gives a file to a free loop device, for reading in blocks of 4096 bytes, until nobody has the
/// device open any more. `name` is what lists of devices show.
///
/// # Errors
/// Those of the system, of which `EBUSY` says that the device is not free.
pub(crate) fn configure_loop(
    device: impl AsFd,
    file: BorrowedFd<'_>,
    name: &[u8],
    direct: bool,
) -> Result<(), Errno> {
    let mut file_name = [0; 64];
    // One byte is left for the NUL.
    file_name.iter_mut().take(63).zip(name).for_each(|(to, from)| *to = *from);
    let direct = if direct { LOOP_DIRECT_IO } else { 0 };
    let info = LoopInfo {
        unused: [0; 5],
        number: 0,
        encrypt_type: 0,
        encrypt_key_size: 0,
        flags: LOOP_READ_ONLY | LOOP_AUTOCLEAR | direct,
        file_name,
        crypt_name: [0; 64],
        encrypt_key: [0; 32],
        init: [0; 2],
    };
    let fd = u32::try_from(file.as_raw_fd()).map_err(|_| Errno::BADF)?;
    let config = LoopConfig { fd, block_size: 4096, info, reserved: [0; 8] };
    const CONFIGURE: Opcode = 0x4c0a;
    // SAFETY: the opcode is that of `LOOP_CONFIGURE`, which reads a `struct loop_config`, whose layout
    // is that of `LoopConfig`.
    unsafe { ioctl(device, Setter::<CONFIGURE, LoopConfig>::new(config)) }
}
