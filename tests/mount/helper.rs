//! `mount.composefs`, run as such and by the real mount(8).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Output;

use rustix::mount::MountFlags;

use crate::world::{CFS, World, as_root, names_in, shows_all, stderr, stdout};

/// Runs the helper by its name.
fn helper(world: &World, args: &str) -> Output {
    let link = world.path("mount.composefs");
    if !link.exists() {
        symlink(CFS, &link).unwrap();
    }
    world.command(link).args(args.split(' ')).output().unwrap()
}

#[track_caller]
fn exits(world: &World, args: &str, status: i32, words: &str) {
    let before = world.path("mount.composefs").exists().then(|| world.all());
    let ran = helper(world, args);
    let said = stderr(&ran);
    assert_eq!(ran.status.code(), Some(status), "{said}");
    assert!(said.contains(words), "expected {words:?} in:\n{said}");
    if let Some(before) = before {
        world.becomes(&before);
    }
}

#[track_caller]
fn mounts(world: &World, args: &str) {
    let ran = helper(world, args);
    assert_eq!((ran.status.code(), stderr(&ran).as_str()), (Some(0), ""), "{args}");
    shows_all(&world.path("mnt"));
    world.unmount("mnt");
}

#[test]
fn it_takes_what_mount_passes() {
    as_root(|world| {
        mounts(world, "image.cfs mnt -o rw,basedir=objects");
        mounts(world, "image.cfs mnt -n -s -o ro,basedir=objects,huh=1,nosuid -t composefs.sub");
        mounts(world, "-o ro -o basedir=objects -t composefs image.cfs mnt");
        let verbose = helper(world, "image.cfs mnt -v -o rw,basedir=objects");
        assert!(verbose.status.success());
        assert!(stderr(&verbose).contains("mount.composefs: built "), "{}", stderr(&verbose));
        world.unmount("mnt");
        exits(world, "image.cfs mnt -f -o rw,basedir=objects", 0, "");
        assert_eq!(names_in(&world.path("mnt")), [""; 0]);
    });
}

#[test]
fn it_ends_with_the_statuses_of_mount() {
    as_root(|world| {
        exits(world, "--help", 0, "");
        exits(world, "image.cfs", 1, "required arguments were not provided");
        exits(world, "image.cfs mnt more -o basedir=objects", 1, "unexpected argument");
        exits(world, "image.cfs mnt -x", 1, "unexpected argument");
        exits(world, "image.cfs mnt -t ext4 -o basedir=objects", 1, "expected composefs");
        exits(world, "image.cfs mnt -o rw", 1, "mount.composefs: option basedir: expected");
        exits(world, "image.cfs mnt -o rw,remount,basedir=objects", 1, "option remount: ");
        exits(world, "image.cfs mnt -o rw,basedir=objects,huh", 1, "option huh: is not known");
        exits(world, "image.cfs mnt -s -o rw,basedir=objects,digest=0", 1, "option digest: ");
        exits(world, "none mnt -o basedir=objects", 32, "cannot open the image none");
        exits(world, "image.cfs none -f -o basedir=objects", 32, "the mount point none");
        exits(world, "source/big mnt -o basedir=objects", 32, "no image that can be mounted");
        exits(world, "image.cfs mnt -N none -o basedir=objects", 2, "namespace none: No such file");
        if crate::support::installed("unshare").is_some() {
            let link = world.path("mount.composefs");
            let mut unprivileged = world.command("unshare");
            unprivileged.arg("-Urm").arg(link).args(["image.cfs", "mnt", "-o", "basedir=objects"]);
            let ran = unprivileged.output().unwrap();
            assert_eq!(ran.status.code(), Some(1), "{}", stderr(&ran));
        }
    });
}

#[test]
fn it_mounts_in_another_namespace() {
    as_root(|world| {
        if crate::support::installed("unshare").is_none() {
            return;
        }
        let mut other = world
            .command("unshare")
            .args(["-m", "sh", "-c", "echo; read line; cat mnt/small"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Read::read_exact(other.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        let path = |name: &str| world.path(name).display().to_string();
        let (image, mnt, objects) = (path("image.cfs"), path("mnt"), path("objects"));
        let namespace = format!("/proc/{}/ns/mnt", other.id());
        let before = world.all();
        let ran = helper(world, &format!("{image} {mnt} -N {namespace} -o basedir={objects}"));
        assert!(ran.status.success(), "{}", stderr(&ran));
        fs::remove_file(world.path("mount.composefs")).unwrap();
        world.becomes(&before);
        std::io::Write::write_all(&mut other.stdin.take().unwrap(), b"\n").unwrap();
        assert_eq!(stdout(&other.wait_with_output().unwrap()), "hi\n");
    });
}

// ---- mount(8) -----------------------------------------------------------------------------------

/// Puts the helper where mount(8) looks for it, for this thread alone. False if that is impossible.
fn install(world: &World) -> bool {
    if crate::support::installed("mount").is_none() {
        return false;
    }
    let ram = world.path("ram");
    rustix::mount::mount("ram", &ram, "tmpfs", MountFlags::empty(), None).unwrap();
    for name in ["up", "wk"] {
        fs::create_dir(ram.join(name)).unwrap();
    }
    symlink(CFS, ram.join("up/mount.composefs")).unwrap();
    let sbin = fs::canonicalize("/sbin").unwrap();
    let options =
        format!("lowerdir={},upperdir={r}/up,workdir={r}/wk", sbin.display(), r = ram.display());
    let options = std::ffi::CString::new(options).unwrap();
    let options: &std::ffi::CStr = &options;
    match rustix::mount::mount("sbin", &sbin, "overlay", MountFlags::empty(), Some(options)) {
        Ok(()) => true,
        Err(errno) => {
            crate::support::skipped(&format!("/sbin cannot be overlaid: {errno}"));
            false
        }
    }
}

/// Runs mount(8), which must succeed without a word.
#[track_caller]
fn mount(world: &World, args: &[&str]) {
    let ran = world.command("mount").args(args).output().unwrap();
    assert_eq!((ran.status.code(), stderr(&ran).as_str()), (Some(0), ""), "{args:?}");
}

/// What the help shows, with the paths of this world.
fn shown(world: &World, from: &str) -> String {
    let help = stdout(&world.cfs(&["mount", "--help"]));
    let (_, behind) = help.split_once(from).unwrap();
    let path = |name: &str| world.path(name).display().to_string();
    behind
        .replace("/srv/image.cfs", &path("image.cfs"))
        .replace("/srv/objects", &path("objects"))
        .replace("/mnt", &path("mnt"))
}

#[test]
fn mount_runs_it_for_images() {
    as_root(|world| {
        if !install(world) {
            return;
        }
        let options = "basedir=objects,nosuid,nofail,_netdev,noauto,x-a=b,comment=c,defaults";
        for flags in [&[][..], &["-v"], &["-r"], &["-n"], &["-s"]] {
            let fixed = ["-t", "composefs", "-o", options, "image.cfs", "mnt"];
            let ran = world.command("mount").args(flags).args(fixed).output().unwrap();
            assert!(ran.status.success(), "{flags:?}: {}", stderr(&ran));
            shows_all(&world.path("mnt"));
            world.unmount("mnt");
        }
        // Escapes and quotes arrive here as they were typed.
        fs::rename(world.path("objects"), world.path("o,b")).unwrap();
        for options in ["basedir=o\\,b,ro", "ro,basedir=\"o,b\""] {
            mount(world, &["-t", "composefs", "-o", options, "image.cfs", "mnt"]);
            shows_all(&world.path("mnt"));
            world.unmount("mnt");
        }
        let fake = ["-f", "-t", "composefs", "-o", "basedir=o\\,b", "image.cfs", "mnt"];
        mount(world, &fake);
        assert_eq!(names_in(&world.path("mnt")), [""; 0]);
        let wrong = ["-t", "composefs", "-o", "basedir=none", "image.cfs", "mnt"];
        let ran = world.command("mount").args(wrong).output().unwrap();
        assert_eq!(ran.status.code(), Some(32));
        assert!(stderr(&ran).contains("cannot open the basedir none"), "{}", stderr(&ran));
    });
}

#[test]
fn the_line_of_fstab_in_the_help_works_and_mounts_once() {
    as_root(|world| {
        if !install(world) {
            return;
        }
        let line = shown(world, "In /etc/fstab:\n");
        let line = line.lines().next().unwrap().trim();
        // With a name that fstab escapes, and so does the list of options.
        fs::rename(world.path("objects"), world.path("ob j,s")).unwrap();
        let line = line.replace("/objects ", "/ob\\040j\\134,s ");
        let table = world.path("ram/fstab");
        fs::write(&table, format!("{line}\n")).unwrap();
        let table = table.to_str().unwrap();
        let mnt = world.path("mnt").display().to_string();
        mount(world, &["-T", table, &mnt]);
        shows_all(&world.path("mnt"));
        let count = || {
            let mounts = fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
            mounts.lines().filter(|line| line.split(' ').nth(4) == Some(&mnt)).count()
        };
        assert_eq!(count(), 1);
        // The table of mounts names the image, so that it is known to be there.
        mount(world, &["-a", "-T", table]);
        assert_eq!(count(), 1);
        let ran = world.command("umount").arg(&mnt).output().unwrap();
        assert!(ran.status.success(), "{}", stderr(&ran));
        assert_eq!(count(), 0);
        mount(world, &["-a", "-T", table]);
        shows_all(&world.path("mnt"));
    });
}

#[test]
fn the_mount_unit_in_the_help_works() {
    as_root(|world| {
        if !install(world) {
            return;
        }
        let unit = shown(world, "mnt.mount:\n");
        let value = |key: &str| {
            let lines = unit.lines().map(str::trim);
            lines.filter_map(|line| line.strip_prefix(key)).next().unwrap().to_owned()
        };
        // This is what systemd runs for such a unit.
        let [what, place, kind, options] = ["What=", "Where=", "Type=", "Options="].map(value);
        mount(world, &[&what, &place, "-t", &kind, "-o", &options]);
        assert_eq!(PathBuf::from(place), world.path("mnt"));
        shows_all(&world.path("mnt"));
    });
}
