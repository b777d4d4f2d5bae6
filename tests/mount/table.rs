//! What tables of mounts tell.

use std::path::PathBuf;

use cfs::mount::{Demand, Mounted, Server, from_table};

#[track_caller]
fn only(line: &str) -> Mounted {
    let mounts = from_table(format!("{line}\n").as_bytes());
    assert_eq!(mounts.len(), 1, "{line}");
    mounts[0].clone()
}

fn paths(paths: &[&str]) -> Vec<PathBuf> {
    paths.iter().map(PathBuf::from).collect()
}

/// As Linux 6.18 shows a mount whose layers were given as descriptors.
const BY_DESCRIPTORS: &str = "67 43 0:40 / /mnt ro,relatime shared:7 master:1 - overlay /a.cfs \
                              ro,lowerdir+=/,datadir+=/o\\0541,datadir+=/o\\0402,redirect_dir=on,\
                              metacopy=on,verity=require";

#[test]
fn a_mount_by_descriptors_tells_all() {
    let mounted = only(BY_DESCRIPTORS);
    assert_eq!(mounted.id, 67);
    assert_eq!(mounted.dir, PathBuf::from("/mnt"));
    assert_eq!(mounted.image, Some("/a.cfs".into()));
    assert_eq!((mounted.server, mounted.read_only), (Server::Kernel, true));
    assert_eq!(mounted.verity, Some(Demand::All));
    assert_eq!(mounted.basedirs, Some(paths(&["/o,1", "/o 2"])));
    assert_eq!((mounted.upperdir, mounted.workdir), (None, None));
}

#[test]
fn escapes_are_undone_once() {
    let line = r"1 2 0:3 / /m\040\134040\011 rw - overlay /a\012\043b\134\1x lowerdir=5::6,upperdir=/u\134054\054,workdir=/w";
    let mounted = only(line);
    assert_eq!(mounted.dir, PathBuf::from("/m \\040\t"));
    assert_eq!(mounted.image, Some("/a\n#b\\\\1x".into()));
    assert_eq!(mounted.upperdir, Some("/u\\054,".into()));
    assert_eq!(mounted.workdir, Some("/w".into()));
    assert_eq!((mounted.read_only, mounted.verity), (false, Some(Demand::Nothing)));
}

#[test]
fn descriptors_of_a_program_that_is_gone_tell_nothing() {
    for options in [
        "lowerdir=5::6::7,upperdir=8",
        "lowerdir+=/proc/self/fd/5,datadir+=/proc/self/fd/6,upperdir=/proc/self/fd/8",
    ] {
        let mounted = only(&format!("1 2 0:3 / /m ro - overlay /a.cfs ro,{options},verity=on"));
        assert_eq!((mounted.basedirs, mounted.verity), (None, Some(Demand::Told)));
        assert_eq!(mounted.upperdir, None);
    }
}

#[test]
fn mounts_of_the_reference_are_told_too() {
    let line = "67 43 0:41 / /m rw,relatime - overlay composefs ro,lowerdir+=/tmp,datadir+=objects,redirect_dir=on,metacopy=on";
    let mounted = only(line);
    assert_eq!((mounted.image, mounted.basedirs, mounted.read_only), (None, None, true));
    let line = "67 43 0:41 / /m rw,relatime - fuse.composefs /a.cfs ro,user_id=0";
    let mounted = only(line);
    assert_eq!((mounted.server, mounted.verity), (Server::Fuse, None));
    assert_eq!(mounted.image, Some("/a.cfs".into()));
}

#[test]
fn other_mounts_and_broken_lines_are_passed_over() {
    let table = "\
        1 2 0:3 / / rw - ext4 /dev/sda rw\n\
        2 1 0:4 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw,lowerdir=/a:/b,upperdir=/u,workdir=/w\n\
        3 1 0:5 / /f rw - fuse.sshfs host:/ rw\n\
        x 1 0:5 / /f rw - overlay /a.cfs rw\n\
        4 1 0:5 / /f rw overlay /a.cfs rw\n\
        5 1 0:5 / /f rw - overlay /a.cfs\n\
        5 1\n\n";
    assert_eq!(from_table(table.as_bytes()), []);
}
