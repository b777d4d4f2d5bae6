//! Mounts in their places, and many of them at once.

use std::fs;
use std::process::Stdio;

use cfs::mount::{Kernel, MountPoint};

use crate::world::{CFS, World, as_root, shows_all, stderr, ways};

#[test]
fn fifty_mounts_at_once_all_come_and_go() {
    as_root(|world| {
        let image = world.image_in_ram();
        let before = world.all();
        let points: Vec<_> = (0..50).map(|i| world.path("ram").join(format!("mnt{i}"))).collect();
        points.iter().for_each(|point| fs::create_dir(point).unwrap());
        let start = |point| {
            let mut command = world.command(CFS);
            command.arg("mount").arg(&image).arg(point).args(["--basedir", "objects"]);
            command.stderr(Stdio::piped()).spawn().unwrap()
        };
        let running: Vec<_> = points.iter().map(start).collect();
        for child in running {
            let ended = child.wait_with_output().unwrap();
            assert!(ended.status.success(), "{}", stderr(&ended));
        }
        points.iter().for_each(|point| shows_all(point));
        assert_eq!(world.loop_devices().len(), 50);
        points.iter().for_each(|point| world.unmount(point));
        points.iter().for_each(|point| fs::remove_dir(point).unwrap());
        world.becomes(&before);
    });
}

#[test]
fn threads_of_one_program_build_mounts_side_by_side_in_each_way() {
    as_root(|world| {
        let image = world.image_in_ram();
        let before = world.all();
        std::thread::scope(|scope| {
            for i in 0..18 {
                let (image, kernel) = (&image, ways()[i % 3].1);
                scope.spawn(move || {
                    let options = world.options("");
                    let mount = cfs::mount::prepare(image, &options, &kernel).unwrap();
                    shows_all(&crate::world::inside(&mount, ""));
                });
            }
        });
        world.becomes(&before);
    });
}

#[test]
fn a_mount_lives_on_when_all_it_was_made_of_is_renamed_or_gone() {
    as_root(|world| {
        for (way, kernel) in ways() {
            let image = world.path(format!("{way:?}.cfs"));
            fs::copy(world.path("image.cfs"), &image).unwrap();
            mount_at(world, &image, "mnt", &kernel);
            fs::remove_file(&image).unwrap();
            fs::rename(world.path("objects"), world.path("moved")).unwrap();
            shows_all(&world.path("mnt"));
            fs::rename(world.path("moved"), world.path("objects")).unwrap();
            world.unmount("mnt");
        }
    });
}

fn mount_at(world: &World, image: &std::path::Path, name: &str, kernel: &Kernel<'_>) {
    let point = MountPoint::open(&world.path(name)).unwrap();
    let mount = cfs::mount::prepare(image, &world.options(""), kernel).unwrap();
    mount.attach(&point, kernel).unwrap();
}

#[test]
fn a_mount_over_a_mount_hides_it_until_it_goes() {
    as_root(|world| {
        mount_at(world, &world.path("image.cfs"), "mnt", &Kernel::default());
        fs::write(world.path("source/more"), "").unwrap();
        world.image();
        mount_at(world, &world.path("image.cfs"), "mnt", &Kernel::default());
        assert!(world.path("mnt/more").exists());
        world.unmount("mnt");
        assert!(!world.path("mnt/more").exists());
        shows_all(&world.path("mnt"));
    });
}

#[test]
fn objects_may_lie_in_another_composefs_mount_and_no_deeper() {
    as_root(|world| {
        for (_, kernel) in ways() {
            // A tree that holds the objects.
            let made =
                world.cfs(&["mkimage", "-q", "--digest-store", "o2", "objects", "outer.cfs"]);
            assert!(made.status.success(), "{}", stderr(&made));
            let mut options = world.options("");
            options.basedirs = vec![world.path("o2")];
            let outer = cfs::mount::prepare(&world.path("outer.cfs"), &options, &kernel).unwrap();
            outer.attach(&MountPoint::open(&world.path("mnt")).unwrap(), &kernel).unwrap();
            options.basedirs = vec![world.path("mnt")];
            let inner = cfs::mount::prepare(&world.path("image.cfs"), &options, &kernel).unwrap();
            shows_all(&crate::world::inside(&inner, ""));
            inner.attach(&MountPoint::open(&world.path("upper")).unwrap(), &kernel).unwrap();
            options.basedirs = vec![world.path("upper")];
            let image = world.path("image.cfs");
            let deeper = cfs::mount::prepare(&image, &options, &kernel).unwrap_err();
            assert!(deeper.to_string().contains("cannot mount the overlay"), "{deeper}");
            world.unmount("upper");
            world.unmount("mnt");
        }
    });
}
