//! `cfs mount --fuse`: in the background and in the foreground, by whom and how it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use crate::look::content;
use crate::support::installed;
use crate::world::{Where, World, external, inside, program};

/// A world with a small file, an object and a wrong one.
fn world() -> World {
    let lines = external("object", "ab/cd", b"right") + &external("wrong", "ab/ce", b"right");
    let world = World::with_dump(&format!("{lines}/small 2 100644 1 0 0 0 0.0 - hi -\n"));
    world.object("objects/ab/cd", b"right");
    world.object("objects/ab/ce", b"wrong");
    world
}

/// `cfs` with arguments, in the directory of a world.
fn command(world: &World, args: &str) -> Command {
    let mut command = Command::new(program());
    command.args(args.split_whitespace()).current_dir(world.path("")).env("TERM", "dumb");
    command
}

fn run(world: &World, args: &str) -> Output {
    command(world, args).stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn succeeds(world: &World, args: &str) {
    let output = run(world, args);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && words.is_empty(), "{}: {words}", output.status);
}

#[track_caller]
fn fails(world: &World, args: &str, words: &str) {
    let output = run(world, args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(words), "{said}");
    assert_eq!(servers(world), Vec::<Pid>::new(), "{said}");
}

/// The programs that serve mounts in a world.
fn servers(world: &World) -> Vec<Pid> {
    let place = world.path("fuse");
    let place = place.to_str().unwrap();
    let is_one = |id: &u32| {
        let args = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        let has = |bytes: &[u8], text: &str| {
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        };
        has(&args, place) && has(&environment, "CFS_MOUNT_BACKGROUND")
    };
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(is_one).filter_map(|id| Pid::from_raw(i32::try_from(id).unwrap())).collect()
}

#[track_caller]
fn the_server(world: &World) -> Pid {
    let servers = servers(world);
    assert_eq!(servers.len(), 1);
    servers[0]
}

/// Waits for something that takes a moment.
#[track_caller]
fn soon(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(10), "nothing has happened");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_mounted(world: &World) -> bool {
    let place = world.path("fuse");
    fs::read_to_string("/proc/self/mounts").unwrap().contains(place.to_str().unwrap())
}

/// The arguments of a mount at the usual place.
fn mount(world: &World, options: &str) -> String {
    format!("mount image {} --basedir objects {options}", world.path("fuse").display())
}

#[test]
fn the_mount_is_there_when_the_command_returns_and_goes_with_a_signal() {
    if !inside(Where::Root) {
        return;
    }
    let world = world();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        succeeds(&world, &mount(&world, "--fuse"));
        assert_eq!(content(&world.path("fuse/object")), Ok(b"right".to_vec()));
        assert_eq!(content(&world.path("fuse/wrong")), Err(Errno::IO));
        let server = the_server(&world);
        let files = fs::read_dir(format!("/proc/{}/fd", server.as_raw_pid())).unwrap();
        for file in files {
            // Nothing is left that somebody may wait for.
            let file = fs::read_link(file.unwrap().path()).unwrap_or_default();
            assert!(!file.starts_with("pipe:"), "{}", file.display());
        }
        let listed = run(&world, "mounts");
        let listed = String::from_utf8(listed.stdout).unwrap();
        assert!(listed.contains(world.path("image").to_str().unwrap()), "{listed}");
        kill_process(server, signal).unwrap();
        soon(|| servers(&world).is_empty());
        assert!(!is_mounted(&world));
    }
}

#[test]
fn unmounting_ends_the_server() {
    if !inside(Where::Root) {
        return;
    }
    let world = world();
    for unmount in ["umount fuse", "umount --lazy fuse"] {
        succeeds(&world, &mount(&world, "--fuse=always"));
        assert_eq!(content(&world.path("fuse/small")), Ok(b"hi".to_vec()));
        succeeds(&world, unmount);
        soon(|| servers(&world).is_empty());
    }
}

#[test]
fn a_signal_ends_a_mount_that_is_in_use() {
    if !inside(Where::Root) {
        return;
    }
    let world = world();
    succeeds(&world, &mount(&world, "--fuse"));
    let file = fs::File::open(world.path("fuse/small")).unwrap();
    kill_process(the_server(&world), Signal::TERM).unwrap();
    soon(|| servers(&world).is_empty());
    assert!(!is_mounted(&world));
    drop(file);
}

#[test]
fn a_mount_whose_server_was_killed_is_told_and_ended() {
    if !inside(Where::Root) {
        return;
    }
    let world = world();
    succeeds(&world, &mount(&world, "--fuse"));
    kill_process(the_server(&world), Signal::KILL).unwrap();
    soon(|| servers(&world).is_empty());
    // The first request may meet the server on its way out.
    soon(|| content(&world.path("fuse/small")) == Err(Errno::NOTCONN));
    fails(&world, &mount(&world, "--fuse"), "a FUSE mount whose server is gone");
    succeeds(&world, "umount fuse");
    assert!(!is_mounted(&world));
    succeeds(&world, &mount(&world, "--fuse"));
}

/// Starts a mount in the foreground, which is there when this returns.
fn foreground(world: &World, options: &str) -> Child {
    let args = mount(world, &format!("--foreground --fuse {options}"));
    let child = command(world, &args).stderr(Stdio::piped()).spawn().unwrap();
    soon(|| is_mounted(world));
    child
}

#[test]
fn in_the_foreground_the_command_lasts_as_long_as_the_mount() {
    if !inside(Where::Root) {
        return;
    }
    let world = world();
    let mut child = foreground(&world, "--no-verify -o suid,nodev,noexec,nosymfollow,nofail");
    assert_eq!(content(&world.path("fuse/wrong")), Ok(b"wrong".to_vec()));
    let table = fs::read_to_string("/proc/self/mounts").unwrap();
    let line = table.lines().find(|line| line.contains("fuse.composefs")).unwrap();
    assert!(line.contains(" ro,nodev,noexec,relatime,nosymfollow,"), "{line}");
    assert_eq!(child.try_wait().unwrap(), None);
    succeeds(&world, "umount fuse");
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let mut child = foreground(&world, "");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!is_mounted(&world));
}

#[test]
fn what_goes_wrong_is_said_by_the_command_itself() {
    if !inside(Where::Root) {
        return;
    }
    let world = world();
    for how in ["--fuse", "--fuse --foreground"] {
        fails(&world, &format!("mount nothing fuse --basedir objects {how}"), "No such file");
        fails(&world, &format!("mount image nothing --basedir objects {how}"), "No such file");
        fails(
            &world,
            &format!("mount image fuse --basedir nothing {how}"),
            "open the basedir nothing",
        );
        fails(&world, &format!("mount image fuse {how}"), "basedir");
        let digest = "1".repeat(64);
        fails(&world, &mount(&world, &format!("{how} -o digest={digest}")), &digest);
        let (upper, no_verify) = ("-o upperdir=a,workdir=b", "--no-verify -o verity");
        fails(&world, &mount(&world, &format!("{how} {upper}")), "upperdir is not for FUSE");
        fails(&world, &mount(&world, &format!("{how} {no_verify}")), "contradicts");
    }
    fails(&world, &mount(&world, "--foreground"), "add --fuse");
    succeeds(&world, &mount(&world, "--fuse --fake"));
    assert!(!is_mounted(&world));
}

#[test]
fn a_digest_and_verity_are_demanded_of_all() {
    if !inside(Where::Root) {
        return;
    }
    let lines = "/unknown 5 100644 1 0 0 0 0.0 ab/cd - -\n";
    let world = World::with_dump(&(external("object", "ab/cd", b"right") + lines));
    world.object("objects/ab/cd", b"right");
    let image = fs::read(world.path("image")).unwrap();
    let digest = cfs::verity::digest(cfs::verity::Algorithm::Sha256, &image);
    for options in [format!("-o digest={digest}"), "-o verity".into()] {
        succeeds(&world, &mount(&world, &format!("--fuse {options}")));
        assert_eq!(content(&world.path("fuse/object")), Ok(b"right".to_vec()));
        assert_eq!(content(&world.path("fuse/unknown")), Err(Errno::IO));
        succeeds(&world, "umount fuse");
    }
}

#[test]
fn auto_takes_the_kernel_where_it_may() {
    if !inside(Where::Root) {
        return;
    }
    let world = world();
    let output = run(&world, &mount(&world, "--fuse=auto"));
    let words = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return crate::support::say_skipped(&format!("no mount by the kernel: {words}"));
    }
    let table = fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(table.contains("overlay") && !table.contains("fuse.composefs"), "{table}");
}

#[test]
fn auto_takes_fuse_for_a_plain_user_who_ends_it_too() {
    if installed("fusermount3").is_none() || !inside(Where::PlainUser) {
        return;
    }
    let world = world();
    fails(&world, &mount(&world, "--fuse=never"), "--fuse");
    succeeds(&world, &mount(&world, "--fuse=auto"));
    assert_eq!(content(&world.path("fuse/object")), Ok(b"right".to_vec()));
    let file = fs::File::open(world.path("fuse/small")).unwrap();
    let output = run(&world, "umount fuse");
    assert_eq!(output.status.code(), Some(2));
    drop(file);
    succeeds(&world, "umount fuse");
    soon(|| servers(&world).is_empty());
    succeeds(&world, &mount(&world, "--fuse"));
    kill_process(the_server(&world), Signal::TERM).unwrap();
    soon(|| servers(&world).is_empty());
    assert!(!is_mounted(&world));
}

#[test]
fn auto_takes_fuse_in_a_user_namespace() {
    if !inside(Where::UserNamespace) {
        return;
    }
    let world = world();
    succeeds(&world, &mount(&world, "--fuse=auto"));
    assert_eq!(content(&world.path("fuse/object")), Ok(b"right".to_vec()));
    succeeds(&world, "umount fuse");
    soon(|| servers(&world).is_empty());
}

#[test]
fn an_empty_environment_and_odd_names_are_fine() {
    if !inside(Where::Root) {
        return;
    }
    use std::os::unix::ffi::OsStrExt;
    let world = world();
    let odd = |name: &[u8]| world.path(std::ffi::OsStr::from_bytes(name));
    let (image, dir) = (odd(b"a,b \\\xff:c"), odd(b"m,n \\\xff:o"));
    fs::copy(world.path("image"), &image).unwrap();
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    let run = |command: &mut Command| {
        let output = command.env_clear().current_dir(world.path("")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let mut mount = Command::new(program());
    run(mount.arg("mount").args([&image, &dir]).args(["--basedir", "objects", "--fuse"]));
    assert_eq!(content(&dir.join("object")), Ok(b"right".to_vec()));
    run(Command::new(program()).arg("umount").arg(Path::new(&dir)));
    assert!(content(&dir.join("object")).is_err());
}
