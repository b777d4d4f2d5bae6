//! fs-verity as a real kernel enforces it, in a virtual machine under software emulation.
//!
//! `CFS_VM_KERNEL` names a directory that `tests/vm/kernel.sh` has filled, and `CFS_VM_PROGRAM` a `cfs`
//! that is linked statically. The guest boots with that program as its only one beside busybox, seals,
//! mounts, tampers, and says what was refused.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{installed, skipped};

/// What a variable of the environment names; says that the test is skipped without it.
fn named(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.exists());
    if found.is_none() {
        skipped(&format!("{variable} does not name what tests/vm wants"));
    }
    found
}

/// What the virtual machine is made of.
struct Parts {
    kernel: PathBuf,
    program: PathBuf,
    qemu: PathBuf,
    busybox: PathBuf,
    debugfs: PathBuf,
}

impl Parts {
    fn find() -> Option<Self> {
        Some(Self {
            kernel: named("CFS_VM_KERNEL")?,
            program: named("CFS_VM_PROGRAM")?,
            qemu: installed("qemu-system-x86_64")?,
            busybox: installed("busybox")?,
            debugfs: installed("debugfs")?,
        })
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn put(from: &Path, root: &Path, to: &str) {
    let to = root.join(to);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, &to).unwrap();
    fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The file system that the guest starts with.
fn initrd(parts: &Parts, dir: &Path) -> PathBuf {
    let root = dir.join("root");
    for name in ["bin", "dev", "proc", "sys", "scratch", "mnt"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    put(&parts.busybox, &root, "bin/busybox");
    put(&parts.program, &root, "bin/cfs");
    std::os::unix::fs::symlink("cfs", root.join("bin/cfs-mkimage")).unwrap();
    put(&parts.debugfs, &root, "bin/debugfs");
    let libraries = run(Command::new("ldd").arg(&parts.debugfs));
    for library in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
        put(Path::new(library), &root, library.trim_start_matches('/'));
    }
    for entry in fs::read_dir(&parts.kernel).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name != "vmlinuz" {
            put(&path, &root, &format!("modules/{name}"));
        }
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vm");
    put(&own.join("init"), &root, "init");
    put(&own.join("checks.sh"), &root, "checks.sh");
    fs::write(root.join("readme.sh"), readme()).unwrap();
    let script = "find . | cpio -o -H newc --quiet > ../initrd";
    run(Command::new("sh").args(["-c", script]).current_dir(&root));
    dir.join("initrd")
}

/// The commands of the README that want this kernel, on a line each: those of its table, behind the one
/// that makes the image and its objects, and those at root's prompt.
fn readme() -> String {
    let table = support::readme::table();
    let privileged = table.iter().filter(|command| support::readme::is_for_the_kernel(command));
    let lines = table.iter().take(1).chain(privileged).copied();
    let ends = ["cfs umount mnt"];
    let lines = lines.chain(ends).chain(support::readme::of_root()).chain(ends);
    lines.map(|line| format!("{line}\n")).collect()
}

/// An empty disk that can seal.
fn disk(dir: &Path) -> PathBuf {
    let disk = dir.join("disk");
    fs::File::create(&disk).unwrap().set_len(64 << 20).unwrap();
    run(Command::new("mkfs.ext4").args(["-q", "-F", "-O", "verity", "-b", "4096"]).arg(&disk));
    disk
}

/// Boots the guest, and gives what it printed.
fn boot(parts: &Parts, dir: &Path) -> String {
    let (initrd, disk) = (initrd(parts, dir), disk(dir));
    let mut qemu = Command::new("timeout");
    qemu.arg("240").arg(&parts.qemu);
    qemu.args("-M pc -accel tcg -cpu max -smp 1 -m 1024 -display none -monitor none".split(' '));
    qemu.args("-serial stdio -no-reboot -nic none".split(' '));
    qemu.arg("-kernel").arg(parts.kernel.join("vmlinuz")).arg("-initrd").arg(initrd);
    qemu.arg("-append").arg("console=ttyS0 panic=-1 quiet rcupdate.rcu_cpu_stall_suppress=1");
    let drive = format!("file={},format=raw,if=virtio,cache=unsafe", disk.display());
    qemu.arg("-drive").arg(drive);
    run(qemu.stdin(Stdio::null())).replace('\r', "")
}

/// What every mount must refuse, whatever is demanded: the kernel has no such object, or a block of a
/// sealed file that does not verify.
const ALWAYS: [&str; 3] =
    ["missing object", "flipped byte in an object", "flipped byte in the image"];
/// What is refused because it is demanded.
const DEMANDED: [&str; 3] =
    ["unsealed image", "replaced object, not sealed", "replaced object, sealed"];

#[test]
fn a_kernel_with_fs_verity_refuses_what_is_not_what_the_digest_says() {
    let Some(parts) = Parts::find() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = boot(&parts, dir.path());
    assert!(log.contains("\nEND 0\n"), "the guest did not come to its end:\n{log}");
    let with = |word: &str| -> BTreeSet<&str> {
        log.lines().filter_map(|line| line.strip_prefix(word)).collect()
    };
    assert_eq!(with("ODD "), BTreeSet::new(), "{log}");
    let refused = with("REFUSED ");
    for name in ALWAYS.iter().chain(&DEMANDED) {
        assert!(refused.contains(&*format!("digest {name}")), "{name} was let through:\n{log}");
    }
    assert!(refused.contains("wrong digest"), "{log}");
    // Without the demand the same checks tell that the same things are let through.
    let let_through = DEMANDED.map(|name| format!("control {name}"));
    assert_eq!(with("LET "), let_through.iter().map(String::as_str).collect(), "{log}");
    for name in ALWAYS {
        assert!(refused.contains(&*format!("control {name}")), "{name}:\n{log}");
    }
    assert_eq!((refused.len(), with("DONE ").len()), (REFUSED, DONE), "{log}");
}

/// How many checks there are of either kind, so that none is lost.
const REFUSED: usize = 24;
const DONE: usize = 26;
