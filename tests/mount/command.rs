//! `cfs mount`, `cfs umount` and `cfs mounts` as they are used.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use cfs::mount::{Feature, MountErrorKind, Role};
use rustix::io::Errno;
use serde_json::{Value, json};

use crate::schema::follows;
use crate::world::{World, as_root, errno, names_in, shows_all, stderr, stdout};

/// Runs `cfs` with arguments that are separated by spaces.
#[track_caller]
fn says(world: &World, args: &str, status: i32, words: &str) {
    let ran = world.cfs(&args.split(' ').collect::<Vec<_>>());
    assert_eq!((ran.status.code(), stderr(&ran).as_str()), (Some(status), words));
}

#[track_caller]
fn mentions(world: &World, args: &str, status: i32, words: &str) {
    let ran = world.cfs(&args.split(' ').collect::<Vec<_>>());
    let said = stderr(&ran);
    assert_eq!(ran.status.code(), Some(status), "{said}");
    assert!(said.contains(words), "expected {words:?} in:\n{said}");
}

#[track_caller]
fn succeeds(world: &World, args: &str) {
    says(world, args, 0, "");
}

/// Fails, and leaves nothing.
#[track_caller]
fn refuses(world: &World, args: &str, words: &str) {
    let before = world.all();
    mentions(world, &format!("mount {args}"), 2, words);
    world.becomes(&before);
}

#[test]
fn a_mount_comes_and_goes() {
    as_root(|world| {
        let before = world.all();
        succeeds(world, "mount image.cfs mnt --basedir objects");
        shows_all(&world.path("mnt"));
        world.unmount("mnt");
        world.becomes(&before);
    });
}

/// The line about the mount point in the table of mounts: its own options, and its source.
fn line(world: &World) -> (String, String) {
    let table = fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
    let mnt = world.path("mnt").display().to_string();
    let line = table.lines().find(|line| line.split(' ').nth(4) == Some(&mnt)).unwrap();
    let fields: Vec<&str> = line.split(' ').collect();
    (fields[5].to_owned(), fields[fields.len() - 2].to_owned())
}

#[test]
fn the_table_names_the_image_by_its_absolute_path() {
    as_root(|world| {
        succeeds(world, "mount ./image.cfs mnt -o basedir=objects");
        let (flags, source) = line(world);
        assert_eq!(flags, "ro,relatime");
        assert_eq!(source, world.path("image.cfs").display().to_string());
    });
}

#[test]
fn an_image_with_a_path_that_is_too_long_for_the_table_is_mounted() {
    as_root(|world| {
        let long = world.path("x".repeat(250));
        fs::create_dir(&long).unwrap();
        fs::copy(world.path("image.cfs"), long.join("image.cfs")).unwrap();
        let name = long.display();
        succeeds(world, &format!("mount {name}/image.cfs mnt --basedir objects"));
        shows_all(&world.path("mnt"));
        assert_eq!(line(world).1, "composefs");
    });
}

#[test]
fn every_generic_option_is_set_on_the_mount() {
    as_root(|world| {
        for (options, expected) in [
            ("nosuid,nodev,noexec", "ro,nosuid,nodev,noexec,relatime"),
            ("noatime", "ro,noatime"),
            ("strictatime", "ro"),
            ("nodiratime,relatime", "ro,nodiratime,relatime"),
            ("nosymfollow", "ro,relatime,nosymfollow"),
            ("rw,upperdir=upper,workdir=work,nodev", "rw,nodev,relatime"),
            ("upperdir=upper,workdir=work,ro", "ro,relatime"),
            ("defaults,nofail,_netdev,x-a=b,X-c,noauto,user,comment=d", "ro,relatime"),
        ] {
            succeeds(world, &format!("mount image.cfs mnt --basedir objects -o {options}"));
            assert_eq!(line(world).0, expected, "{options}");
            world.unmount("mnt");
        }
    });
}

#[test]
fn the_options_do_what_they_say() {
    as_root(|world| {
        fs::write(world.path("source/run"), "#!/bin/sh\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(world.path("source/run"), mode).unwrap();
        std::os::unix::fs::symlink("small", world.path("source/link")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            world.path("source/null"),
            rustix::fs::FileType::CharacterDevice,
            rustix::fs::Mode::from_raw_mode(0o666),
            rustix::fs::makedev(1, 3),
        )
        .unwrap();
        world.image();
        let run = |path: &str| world.command(world.path(path)).status();
        succeeds(world, "mount image.cfs mnt --basedir objects");
        assert!(run("mnt/run").unwrap().success());
        assert_eq!(fs::read(world.path("mnt/link")).unwrap(), b"hi\n");
        assert_eq!(fs::read(world.path("mnt/null")).unwrap(), b"");
        world.unmount("mnt");
        succeeds(world, "mount image.cfs mnt --basedir objects -o noexec,nodev,nosymfollow");
        assert_eq!(errno(run("mnt/run")), Errno::ACCESS);
        assert_eq!(errno(fs::read(world.path("mnt/link"))), Errno::LOOP);
        assert_eq!(errno(fs::read(world.path("mnt/null"))), Errno::ACCESS);
        let null = fs::metadata(world.path("mnt/null")).unwrap();
        assert!(null.file_type().is_char_device() && null.rdev() == rustix::fs::makedev(1, 3));
    });
}

#[test]
fn several_directories_are_asked_in_the_order_in_which_they_are_given() {
    as_root(|world| {
        let object = stdout(&world.cfs(&["objects", "image.cfs"]));
        for name in ["a", "b", "c"] {
            let path = world.path(name).join(object.trim());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        for (args, first) in [
            ("--basedir a --basedir b -o basedir=c", b"a"),
            ("-o basedir=c:a --basedir b", b"b"),
            ("-o basedir=c:a,basedir=b", b"c"),
            ("-o basedir=upper:b -o basedir=a", b"b"),
        ] {
            succeeds(world, &format!("mount image.cfs mnt {args}"));
            assert_eq!(fs::read(world.path("mnt/big")).unwrap(), first, "{args}");
            world.unmount("mnt");
        }
    });
}

#[test]
fn each_missing_thing_is_named() {
    as_root(|world| {
        let options = |path: &str| world.options(&format!("idmap={path}"));
        let kernel = cfs::mount::Kernel::default();
        let open = |role, name: &str| MountErrorKind::Open {
            role,
            path: world.path(name),
            errno: Errno::NOENT,
        };
        let image = world.path("image.cfs");
        let refused = |image: &Path, options: &cfs::mount::MountOptions| {
            cfs::mount::prepare(image, options, &kernel).unwrap_err().kind().clone()
        };
        assert_eq!(refused(&world.path("none"), &options("x")), open(Role::Image, "none"));
        let none = world.path("none");
        let mut some = options(none.to_str().unwrap());
        assert_eq!(refused(&image, &some), open(Role::UserNamespace, "none"));
        some.upperdir = Some(world.path("upper"));
        some.workdir = Some(world.path("none"));
        assert_eq!(refused(&image, &some), open(Role::Workdir, "none"));
        some.upperdir = Some(world.path("gone"));
        assert_eq!(refused(&image, &some), open(Role::Upperdir, "gone"));
        some.basedirs.push(world.path("lost"));
        assert_eq!(refused(&image, &some), open(Role::Basedir, "lost"));
        let point = cfs::mount::MountPoint::open(&none).unwrap_err();
        assert_eq!(*point.kind(), open(Role::MountPoint, "none"));
        let missing = "No such file or directory\n";
        refuses(
            world,
            "x mnt --basedir objects",
            &format!("cfs: cannot open the image x: {missing}"),
        );
        refuses(world, "image.cfs x --basedir objects", &format!("the mount point x: {missing}"));
        refuses(world, "image.cfs mnt --basedir x", &format!("the basedir x: {missing}"));
    });
}

#[test]
fn what_is_no_image_is_not_mounted() {
    as_root(|world| {
        let image = fs::read(world.path("image.cfs")).unwrap();
        fs::write(world.path("short.cfs"), &image[..image.len() - 4096]).unwrap();
        fs::write(world.path("empty.cfs"), "").unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            world.path("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o666),
            0,
        )
        .unwrap();
        let kernel = cfs::mount::Kernel::default();
        let refused = |name: &str| {
            let options = world.options("");
            cfs::mount::prepare(&world.path(name), &options, &kernel).unwrap_err().kind().clone()
        };
        for name in ["short.cfs", "empty.cfs", "source/small", "source/big"] {
            assert!(matches!(refused(name), MountErrorKind::NotImage(_)), "{name}");
        }
        assert_eq!(refused("fifo"), MountErrorKind::NotFile);
        refuses(
            world,
            "source mnt --basedir objects",
            "cannot open the image source: Is a directory",
        );
        refuses(world, "source/big mnt --basedir objects", "expected the magic 0xd078629a");
        refuses(world, "image.cfs image.cfs --basedir objects", "it must be a directory");
        refuses(
            world,
            "image.cfs mnt --basedir image.cfs",
            "the basedir image.cfs: Not a directory",
        );
    });
}

#[test]
fn a_directory_that_is_given_twice_is_told() {
    as_root(|world| {
        std::os::unix::fs::symlink("objects", world.path("link")).unwrap();
        let words = "the basedir link is given twice";
        refuses(world, "image.cfs mnt --basedir objects --basedir link", words);
        let mut options = world.options("");
        options.basedirs.push(world.path("link"));
        let kernel = cfs::mount::Kernel::default();
        let error = cfs::mount::prepare(&world.path("image.cfs"), &options, &kernel).unwrap_err();
        assert_eq!(*error.kind(), MountErrorKind::Twice(world.path("link")));
    });
}

#[test]
fn a_digest_is_compared_with_what_the_kernel_enforces_alone() {
    as_root(|world| {
        // The right digest of an image that is not sealed proves nothing.
        let digest = stdout(&world.cfs(&["verity", "digest", "--compact", "image.cfs"]));
        let args = format!("image.cfs mnt --basedir objects -o digest={}", digest.trim());
        refuses(world, &args, digest.trim());
        let ram = world.image_in_ram();
        let options = world.options(&format!("digest={}", digest.trim()));
        let kernel = cfs::mount::Kernel::default();
        let error = cfs::mount::prepare(&ram, &options, &kernel).unwrap_err();
        let expected = options.digest.unwrap();
        let errno = Errno::NOTTY;
        assert_eq!(*error.kind(), MountErrorKind::NoVerity { expected, errno });
    });
}

#[test]
fn bad_options_are_usage_errors_before_anything_is_opened() {
    // Needs no root: nothing is asked of the system.
    let cfs = |args: &str| {
        let mut command = std::process::Command::new(crate::world::CFS);
        let ran = command.args(args.split(' ')).output().unwrap();
        (ran.status.code().unwrap(), stderr(&ran))
    };
    for (args, words) in [
        (
            "-o basedir=x,digest=",
            "option digest: expected 64 hex digits (SHA-256) or 128 (SHA-512), found 0",
        ),
        ("-o basedir=x,verity=off", "option verity: expected no value, found one"),
        ("-o basedir=x,huh", "option huh: is not known"),
        ("-o ro", "option basedir: expected a directory of objects"),
    ] {
        let (status, said) = cfs(&format!("mount no-image no-dir {args}"));
        assert!(said.contains(words), "{said}");
        assert!(said.contains("Usage: cfs mount"), "{said}");
        assert_eq!(status, 2);
    }
}

#[test]
fn a_user_is_told_about_the_way_without_privileges() {
    as_root(|world| {
        if crate::support::installed("setpriv").is_none() {
            return;
        }
        let ran = world
            .command("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--"])
            .args([crate::world::CFS, "mount", "image.cfs", "mnt", "--basedir", "objects"])
            .output()
            .unwrap();
        let said = stderr(&ran);
        if said.contains("failed to execute") || said.contains("cannot open") {
            return crate::support::say_skipped("another user cannot reach the files of this test");
        }
        assert_eq!(ran.status.code(), Some(2));
        assert!(said.contains("only an administrator of the system may do this"), "{said}");
        assert!(said.contains("hint: become root, or use \"cfs mount --fuse\""), "{said}");
    });
}

#[test]
fn the_administrator_of_a_user_namespace_may_not_mount_either() {
    as_root(|world| {
        let refused = |step| MountErrorKind::Privileges(step);
        let deny = |at| {
            let step = cfs::mount::Step::ErofsCreate;
            if at == step { Err(Errno::PERM) } else { Ok(()) }
        };
        let mut kernel = cfs::mount::Kernel::default();
        kernel.before = &deny;
        let error = world.prepare("", &kernel).unwrap_err();
        assert_eq!(*error.kind(), refused(cfs::mount::Step::ErofsCreate));
        if crate::support::installed("unshare").is_none() {
            return;
        }
        let ran = world
            .command("unshare")
            .args(["-Urm", crate::world::CFS, "mount", "image.cfs", "mnt", "--basedir", "objects"])
            .output()
            .unwrap();
        assert_eq!(ran.status.code(), Some(2));
        assert!(stderr(&ran).contains("cfs mount --fuse"), "{}", stderr(&ran));
    });
}

#[test]
fn what_a_kernel_lacks_is_told() {
    use cfs::mount::{Kernel, Step};
    as_root(|world| {
        let lacks = |step: Step, answer: Errno, way: usize, options: &str, image: &Path| {
            let deny = |at| if at == step { Err(answer) } else { Ok(()) };
            let mut kernel: Kernel<'_> = crate::world::ways()[way].1;
            kernel.before = &deny;
            let error = cfs::mount::prepare(image, &world.options(options), &kernel);
            error.unwrap_err().kind().clone()
        };
        let ram = world.image_in_ram();
        let image = world.path("image.cfs");
        let feature = MountErrorKind::Lacks;
        let namespace = "idmap=/proc/self/ns/user";
        for (step, answer, options, lacking) in [
            (Step::ErofsOpen, Errno::NOSYS, "", Feature::MountInterface),
            (Step::ErofsOpen, Errno::NODEV, "", Feature::Erofs),
            (Step::ErofsCreate, Errno::NOENT, "", Feature::Proc),
            (Step::OverlayOpen, Errno::NODEV, "", Feature::Overlay),
            (Step::OverlayVerity, Errno::INVAL, "verity", Feature::Verity),
            (Step::MapIds, Errno::NOSYS, namespace, Feature::IdMap),
        ] {
            assert_eq!(lacks(step, answer, 0, options, &image), feature(lacking));
        }
        let no_loop = lacks(Step::LoopFind, Errno::NOENT, 0, "", &ram);
        assert_eq!(no_loop, feature(Feature::Loop));
        // Without the option, it is not needed to try it.
        let deny = |at| if at == Step::OverlayVerity { Err(Errno::INVAL) } else { Ok(()) };
        let mut kernel = Kernel::default();
        kernel.before = &deny;
        world.prepare("tryverity", &kernel).unwrap();
    });
}

#[test]
fn the_words_of_the_kernel_are_passed_on() {
    as_root(|world| {
        fs::create_dir(world.path("mnt2")).unwrap();
        succeeds(world, "mount image.cfs mnt2 --basedir objects");
        let args = "image.cfs mnt --basedir objects -o upperdir=mnt2/d,workdir=work";
        refuses(
            world,
            args,
            "cannot mount the overlay: Invalid argument (the kernel says: overlay",
        );
        // Here it speaks to its log alone.
        fs::create_dir(world.path("upper/work")).unwrap();
        let args = "image.cfs mnt --basedir objects -o upperdir=upper,workdir=upper/work";
        refuses(world, args, "Invalid argument\nhint: the log of the kernel (dmesg) may say why");
    });
}

#[test]
fn owners_cannot_be_mapped_through_the_namespace_of_the_system() {
    as_root(|world| {
        let args = "image.cfs mnt --basedir objects -o idmap=/proc/self/ns/user";
        let words =
            "cannot map the owners of files: Operation not permitted\nhint: the namespace must";
        refuses(world, args, words);
    });
}

#[test]
fn a_fake_mount_builds_everything_and_attaches_nothing() {
    as_root(|world| {
        let before = world.all();
        succeeds(world, "mount -f image.cfs mnt --basedir objects");
        world.becomes(&before);
        refuses(world, "-f image.cfs mnt --basedir none", "cannot open the basedir none");
    });
}

#[test]
fn only_composefs_mounts_are_unmounted() {
    as_root(|world| {
        let none = "cannot unmount mnt: no composefs mount stands there";
        mentions(world, "umount mnt", 2, none);
        world.image_in_ram();
        mentions(world, "umount ram", 2, "no composefs mount stands there");
        mentions(world, "umount none", 2, "cannot unmount none: No such file or directory");
        succeeds(world, "mount image.cfs mnt --basedir objects");
        mentions(world, "umount mnt/d", 2, "no composefs mount stands there");
        let open = fs::File::open(world.path("mnt/small")).unwrap();
        mentions(world, "umount mnt", 2, "cannot unmount mnt: Device or resource busy\nhint: ");
        succeeds(world, "umount --lazy mnt");
        drop(open);
        assert_eq!(names_in(&world.path("mnt")), [""; 0]);
        std::os::unix::fs::symlink("mnt", world.path("link")).unwrap();
        succeeds(world, "mount image.cfs link --basedir objects");
        shows_all(&world.path("mnt"));
        // Goes on after the first.
        mentions(world, "umount none link", 2, "cannot unmount none");
        assert_eq!(names_in(&world.path("mnt")), [""; 0]);
    });
}

#[test]
fn mounts_are_listed() {
    as_root(|world| {
        let mine = |text: &str| {
            let top = world.path("").display().to_string();
            text.lines()
                .filter(|line| line.starts_with(&top))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let listed = || mine(&stdout(&world.cfs(&["mounts"])));
        assert_eq!(listed(), [""; 0]);
        fs::create_dir(world.path("other one")).unwrap();
        succeeds(world, "mount image.cfs mnt --basedir objects");
        let options = ["mount", "image.cfs", "other one", "--basedir", "objects", "-o"];
        let verity = "verity,upperdir=upper,workdir=work";
        assert!(world.cfs(&[&options[..], &[verity]].concat()).status.success());
        let [image, mnt, other] = ["image.cfs", "mnt", "other\\x20one"]
            .map(|name| world.path(name).display().to_string());
        assert_eq!(
            listed(),
            [
                format!("{mnt} {image} ro noverity unknown"),
                format!("{other} {image} rw verity unknown")
            ]
        );
        let document: Value =
            serde_json::from_slice(&world.cfs(&["mounts", "--json"]).stdout).unwrap();
        follows("mounts.schema.json", &document);
        let mounts = document["mounts"].as_array().unwrap();
        let found = mounts.iter().find(|mount| mount["dir"] == json!(other)).unwrap();
        let path = |name| world.path(name).display().to_string();
        let expected = json!({
            "dir": other, "image": image, "server": "kernel", "read_only": false,
            "verity": "require", "algorithm": null, "digest": null, "basedirs": [path("objects")],
            "upperdir": path("upper"), "workdir": path("work"),
        });
        assert_eq!(*found, expected);
    });
}
