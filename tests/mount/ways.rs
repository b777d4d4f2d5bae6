//! The ways to build a mount come to the same.

use std::fs;
use std::os::unix::fs::MetadataExt;

use cfs::mount::{Kernel, MountErrorKind, Step, Way};
use rustix::io::Errno;

use crate::world::{World, as_root, big, errno, inside, shows_all, ways};

#[test]
fn each_way_shows_the_tree_of_the_image() {
    as_root(|world| {
        for (way, kernel) in ways() {
            let mount = world.prepare("", &kernel).unwrap();
            assert_eq!(mount.way(), world.way(way));
            shows_all(&inside(&mount, ""));
        }
    });
}

#[test]
fn an_image_in_memory_takes_a_loop_device_in_each_way() {
    as_root(|world| {
        let image = world.image_in_ram();
        let before = world.all();
        for (way, kernel) in ways() {
            let mount = cfs::mount::prepare(&image, &world.options(""), &kernel).unwrap();
            let device = mount.loop_device().expect("tmpfs cannot back EROFS");
            assert_eq!(world.loop_devices(), [format!("/sys/block/loop{device}")]);
            assert_eq!(mount.way(), world.way(way));
            shows_all(&inside(&mount, ""));
            drop(mount);
            world.becomes(&before);
        }
    });
}

#[test]
fn an_image_on_disk_takes_none_but_can() {
    as_root(|world| {
        let mut kernel = Kernel::default();
        let mount = world.prepare("", &kernel).unwrap();
        if mount.loop_device().is_some() {
            crate::support::say_skipped("the disk here cannot back EROFS");
        }
        kernel.file_backed = false;
        let mount = world.prepare("", &kernel).unwrap();
        assert!(mount.loop_device().is_some());
        shows_all(&inside(&mount, ""));
    });
}

#[test]
fn a_block_device_is_mounted_as_it_is() {
    as_root(|world| {
        let image = world.image_in_ram();
        let mount = cfs::mount::prepare(&image, &world.options(""), &Kernel::default()).unwrap();
        let device = format!("/dev/loop{}", mount.loop_device().unwrap());
        let again =
            cfs::mount::prepare(device.as_ref(), &world.options(""), &Kernel::default()).unwrap();
        assert_eq!(again.loop_device(), None);
        shows_all(&inside(&again, ""));
    });
}

#[test]
fn what_the_kernel_refuses_is_tried_in_the_next_way() {
    // What kernels between 6.7 and 6.14 say to descriptors.
    for (step, answer, expected) in [
        (Step::OverlayLayers, Errno::INVAL, Way::Namespace),
        (Step::OverlayLayers, Errno::BADF, Way::Namespace),
        (Step::OverlayCreate, Errno::INVAL, Way::Namespace),
    ] {
        as_root(|world| {
            if world.way(Way::Descriptors) != Way::Descriptors {
                return crate::support::say_skipped("this kernel takes no layers by descriptor");
            }
            let asked = std::sync::atomic::AtomicU32::new(0);
            let once = |at: Step| {
                let is_first =
                    at == step && asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
                if is_first { Err(answer) } else { Ok(()) }
            };
            let mut kernel = Kernel::default();
            kernel.before = &once;
            let mount = world.prepare("", &kernel).unwrap();
            assert_eq!(mount.way(), expected);
            shows_all(&inside(&mount, ""));
        });
    }
}

#[test]
fn what_all_ways_refuse_is_an_error() {
    as_root(|world| {
        let refuse = |step| if step == Step::OverlayCreate { Err(Errno::INVAL) } else { Ok(()) };
        let mut kernel = Kernel::default();
        kernel.before = &refuse;
        let error = world.prepare("", &kernel).unwrap_err();
        assert_eq!(*error.kind(), MountErrorKind::Step(Step::OverlayCreate, Errno::INVAL));
        assert_eq!(error.to_string(), "cannot mount the overlay: Invalid argument (os error 22)");
    });
}

#[test]
fn the_first_directory_that_has_a_regular_file_wins() {
    as_root(|world| {
        let object = find_object(world);
        for (way, kernel) in ways() {
            let [first, second] =
                ["first", "second"].map(|name| world.path(format!("{name}-{way:?}")));
            let mut options = world.options("");
            options.basedirs = vec![first.clone(), second.clone(), world.path("objects")];
            for dir in [&first, &second] {
                fs::create_dir_all(dir.join(&object).parent().unwrap()).unwrap();
            }
            // A directory under the name is passed over, and so is a symlink.
            fs::create_dir(first.join(&object)).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", second.join(&object)).unwrap();
            let read = || {
                let image = world.path("image.cfs");
                let mount = cfs::mount::prepare(&image, &options, &kernel).unwrap();
                fs::read(inside(&mount, "big")).unwrap()
            };
            assert!(read() == big());
            fs::remove_file(second.join(&object)).unwrap();
            fs::write(second.join(&object), "second").unwrap();
            assert_eq!(read(), b"second");
            fs::remove_dir(first.join(&object)).unwrap();
            fs::write(first.join(&object), "first").unwrap();
            assert_eq!(read(), b"first");
        }
    });
}

/// The path of the only object.
fn find_object(world: &World) -> String {
    let listed = world.cfs(&["objects", "image.cfs"]);
    crate::world::stdout(&listed).trim().to_owned()
}

#[test]
fn a_missing_object_can_be_looked_at_and_not_opened() {
    as_root(|world| {
        for (_, kernel) in ways() {
            let mut options = world.options("");
            options.basedirs = vec![world.path("upper")];
            let image = world.path("image.cfs");
            let mount = cfs::mount::prepare(&image, &options, &kernel).unwrap();
            assert_eq!(fs::metadata(inside(&mount, "big")).unwrap().len(), 100_000);
            assert_eq!(errno(fs::read(inside(&mount, "big"))), Errno::NOENT);
            assert_eq!(fs::read(inside(&mount, "small")).unwrap(), b"hi\n");
        }
    });
}

#[test]
fn objects_that_are_not_sealed_cannot_be_opened_if_verity_is_demanded() {
    as_root(|world| {
        // The store seals where it can. Copies are not sealed.
        assert!(world.command("cp").args(["-r", "objects", "copies"]).status().unwrap().success());
        std::fs::rename(world.path("objects"), world.path("sealed")).unwrap();
        std::fs::rename(world.path("copies"), world.path("objects")).unwrap();
        for (_, kernel) in ways() {
            // On a kernel that knows the option, trying means demanding.
            for words in ["verity", "tryverity"] {
                let mount = world.prepare(words, &kernel).unwrap();
                assert_eq!(errno(fs::read(inside(&mount, "big"))), Errno::IO, "{words}");
                assert_eq!(fs::read(inside(&mount, "small")).unwrap(), b"hi\n");
            }
            let mount = world.prepare("verity,noverity", &kernel).unwrap();
            assert!(fs::read(inside(&mount, "big")).unwrap() == big());
            assert!(mount.unsealable().is_empty());
        }
    });
}

#[test]
fn directories_where_nothing_can_be_sealed_are_told() {
    as_root(|world| {
        let ram = world.image_in_ram();
        let mut options = world.options("verity");
        options.basedirs = vec![ram.parent().unwrap().to_owned()];
        let mount =
            cfs::mount::prepare(&world.path("image.cfs"), &options, &Kernel::default()).unwrap();
        assert_eq!(mount.unsealable(), options.basedirs);
    });
}

#[test]
fn changes_go_to_the_upper_directory() {
    as_root(|world| {
        for (way, kernel) in ways() {
            let [upper, work] = ["u", "w"].map(|name| format!("{name}-{way:?}"));
            fs::create_dir(world.path(&upper)).unwrap();
            fs::create_dir(world.path(&work)).unwrap();
            let mut options = world.options("rw");
            options.upperdir = Some(world.path(&upper));
            options.workdir = Some(world.path(&work));
            let image = world.path("image.cfs");
            let mount = cfs::mount::prepare(&image, &options, &kernel).unwrap();
            fs::write(inside(&mount, "new"), "new").unwrap();
            fs::remove_file(inside(&mount, "small")).unwrap();
            drop(mount);
            assert_eq!(fs::read(world.path(&upper).join("new")).unwrap(), b"new");
            options.read_only = true;
            let mount = cfs::mount::prepare(&image, &options, &kernel).unwrap();
            assert_eq!(fs::read(inside(&mount, "new")).unwrap(), b"new");
            assert_eq!(errno(fs::metadata(inside(&mount, "small"))), Errno::NOENT);
            assert_eq!(errno(fs::write(inside(&mount, "other"), "")), Errno::ROFS);
        }
    });
}

#[test]
fn without_an_upper_directory_nothing_can_be_written_whatever_is_said() {
    as_root(|world| {
        for (_, kernel) in ways() {
            let mount = world.prepare("rw", &kernel).unwrap();
            assert_eq!(errno(fs::write(inside(&mount, "new"), "")), Errno::ROFS);
        }
    });
}

#[test]
fn owners_are_mapped_through_a_user_namespace() {
    as_root(|world| {
        let Some(namespace) = UserNamespace::new() else { return };
        for (_, kernel) in ways() {
            let options = format!("idmap=/proc/{}/ns/user", namespace.0.id());
            let mount = world.prepare(&options, &kernel).unwrap();
            let facts = fs::metadata(inside(&mount, "big")).unwrap();
            assert_eq!((facts.uid(), facts.gid()), (100_000, 100_000));
            assert!(fs::read(inside(&mount, "big")).unwrap() == big());
        }
        let error = world.prepare("idmap=/proc/self/ns/user", &Kernel::default()).unwrap_err();
        assert_eq!(*error.kind(), MountErrorKind::Step(Step::MapIds, Errno::PERM));
    });
}

/// A process in a user namespace that begins at 100000.
struct UserNamespace(std::process::Child);

impl UserNamespace {
    fn new() -> Option<Self> {
        crate::support::installed("unshare")?;
        let mut child = std::process::Command::new("unshare")
            .args(["-U", "sh", "-c", "echo; exec sleep 600"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // It is in its namespace when it says something.
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        for map in ["uid_map", "gid_map"] {
            fs::write(format!("/proc/{}/{map}", child.id()), "0 100000 65536").unwrap();
        }
        Some(Self(child))
    }
}

impl Drop for UserNamespace {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn the_root_may_be_any_directory() {
    as_root(|world| {
        if world.prepare("", &Kernel::default()).unwrap().loop_device().is_some() {
            return crate::support::say_skipped("there are no loop devices below another root");
        }
        fs::create_dir(world.path("proc")).unwrap();
        rustix::mount::mount_bind("/proc", world.path("proc")).unwrap();
        let jail = || {
            #[expect(deprecated, reason = "the other function is for tables of descriptors")]
            rustix::thread::unshare(rustix::thread::UnshareFlags::FS).unwrap();
            rustix::process::chroot(world.path("")).unwrap();
            rustix::process::chdir("/d").unwrap();
            for (_, kernel) in ways() {
                let mut options = cfs::mount::MountOptions::default();
                options.basedirs = vec!["../objects".into()];
                let mount = cfs::mount::prepare("/image.cfs".as_ref(), &options, &kernel).unwrap();
                shows_all(&inside(&mount, ""));
                let point = cfs::mount::MountPoint::open("/mnt".as_ref()).unwrap();
                mount.attach(&point, &kernel).unwrap();
                shows_all("/mnt".as_ref());
                rustix::mount::unmount("/mnt", rustix::mount::UnmountFlags::DETACH).unwrap();
            }
        };
        fs::create_dir(world.path("d")).unwrap();
        let ended = std::thread::scope(|scope| scope.spawn(jail).join());
        rustix::mount::unmount(world.path("proc"), rustix::mount::UnmountFlags::DETACH).unwrap();
        ended.unwrap();
    });
}
