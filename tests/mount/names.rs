//! Paths of any bytes, in each way.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use cfs::mount::{MountOptions, MountPoint, Way};

use crate::world::{World, as_root, inside, shows_all, stderr, ways};

/// Names that are something else to who splits lists, takes escapes or believes in UTF-8.
const NAMES: [&[u8]; 9] = [
    b"sp ace",
    b"com,ma",
    b"co:lon",
    b"back\\slash",
    b"back\\\\:\\,\\:",
    b"\\054\\072",
    b"n\xfft utf-8 \xc3",
    b"\"quoted\"",
    b"a=b\n\t;#$'",
];

/// Moves all there is into directories with such names, and says what options then are.
fn moved(world: &World, name: &[u8], way: &str) -> (PathBuf, PathBuf, MountOptions) {
    let name = OsStr::from_bytes(name);
    let top = world.path(way).join(name);
    let dir = |role: &str| {
        let mut odd = OsString::from(role);
        odd.push(name);
        let dir = top.join(odd);
        fs::create_dir_all(&dir).unwrap();
        dir
    };
    let [empty, objects, upper, work, point] =
        ["empty", "objects", "upper", "work", "mnt"].map(dir);
    let copied = world.command("cp").args(["-a", "objects/."]).arg(&objects).status().unwrap();
    assert!(copied.success());
    let image = top.join("image");
    fs::copy(world.path("image.cfs"), &image).unwrap();
    let mut options = MountOptions::default();
    options.basedirs = vec![empty, objects];
    options.upperdir = Some(upper);
    options.workdir = Some(work);
    (image, point, options)
}

#[test]
fn any_name_leads_where_it_says_in_each_way() {
    as_root(|world| {
        for name in NAMES {
            for (way, kernel) in ways() {
                let (image, point, options) = moved(world, name, &format!("{way:?}"));
                let mount = cfs::mount::prepare(&image, &options, &kernel).unwrap();
                shows_all(&inside(&mount, ""));
                let place = MountPoint::open(&point).unwrap();
                mount.attach(&place, &kernel).unwrap();
                shows_all(&point);
                fs::write(point.join("new"), "new").unwrap();
                let new = options.upperdir.unwrap().join("new");
                assert_eq!(fs::read(new).unwrap(), b"new", "{}", name.escape_ascii());
                world.unmount(&point);
            }
        }
    });
}

#[test]
fn any_name_can_be_said_in_a_list_of_options() {
    as_root(|world| {
        for name in NAMES {
            let (image, point, options) = moved(world, name, "command");
            let args =
                [OsStr::new("mount"), image.as_os_str(), point.as_os_str(), OsStr::new("-o")];
            let ran = world.command(crate::world::CFS).args(args).arg(options.to_list()).output();
            let ran = ran.unwrap();
            assert!(ran.status.success(), "{}", stderr(&ran));
            shows_all(&point);
            let mounts = cfs_mounts();
            let found = mounts.iter().find(|mounted| mounted.dir == point).unwrap();
            assert_eq!(found.image.as_ref(), Some(&image));
            if world.way(Way::Descriptors) == Way::Descriptors {
                assert_eq!(found.upperdir, options.upperdir);
                assert_eq!(found.workdir, options.workdir);
                assert_eq!(found.basedirs, Some(options.basedirs));
            } else {
                assert_eq!((&found.upperdir, &found.basedirs), (&None, &None));
            }
            world.unmount(&point);
        }
    });
}

/// The table of this thread, which may have mounts that others of the process do not see.
fn cfs_mounts() -> Vec<cfs::mount::Mounted> {
    cfs::mount::from_table(&fs::read("/proc/thread-self/mountinfo").unwrap())
}

#[test]
fn the_option_of_directories_takes_any_name_as_it_is() {
    as_root(|world| {
        let name = OsStr::from_bytes(b"a:b\\:c,d");
        fs::rename(world.path("objects"), world.path(name)).unwrap();
        let ran = world
            .command(crate::world::CFS)
            .args(["mount", "image.cfs", "mnt", "--basedir"])
            .arg(name)
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", stderr(&ran));
        shows_all(&world.path("mnt"));
    });
}
