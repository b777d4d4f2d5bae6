//! What the options change.

use std::fs::FileTimes;
use std::time::{Duration, SystemTime};

use cfs::live::{HardLinks, Mtimes, ScanError, ScanOptions, Xattrs, expect, scan};
use cfs::progress::Progress;
use cfs::store::{Store, StoreOptions};
use cfs::tree::{Mtime, NodeId, Tree};
use cfs::verity::{Algorithm, digest};

use crate::{World, inode, is_root, options, threads, try_scan};

fn keys(tree: &Tree<'_>, path: &[u8]) -> Vec<String> {
    let found = inode(tree, path);
    let xattrs = found.xattrs();
    xattrs.map(|xattr| String::from_utf8_lossy(xattr.key).into_owned()).collect()
}

#[test]
fn xattrs_are_recorded_as_asked_for() {
    let world = World::with(&[("file", "x"), ("dir/file", "y")]);
    if let Err(errno) = world.xattr("file", "user.one", b"1\0") {
        crate::support::skipped(&format!("no xattrs here: {errno}"));
        return;
    }
    world.xattr("file", "user.empty", b"").unwrap();
    world.xattr("dir", "user.two", &[2; 300]).unwrap();
    let tree = world.tree();
    let own: Vec<_> = inode(&tree, b"/file")
        .xattrs()
        .filter(|xattr| xattr.key.starts_with(b"user."))
        .map(|xattr| (xattr.key.to_vec(), xattr.value.to_vec()))
        .collect();
    assert!(own.contains(&(b"user.one".to_vec(), b"1\0".to_vec())), "{own:?}");
    assert!(own.contains(&(b"user.empty".to_vec(), vec![])), "{own:?}");
    let dir: Vec<_> = inode(&tree, b"/dir").xattrs().map(|xattr| xattr.value.to_vec()).collect();
    assert!(dir.contains(&vec![2; 300]));
    let none = world.scan(&options(|it| it.xattrs = Xattrs::None)).tree;
    assert!(keys(&none, b"/file").is_empty() && keys(&none, b"/dir").is_empty());
    let allowed = world.scan(&options(|it| it.xattr_allow = vec![String::from("user.t*")])).tree;
    assert!(keys(&allowed, b"/file").is_empty());
    assert_eq!(keys(&allowed, b"/dir"), ["user.two"]);
}

#[test]
fn xattrs_of_root_and_acls_are_recorded_even_of_symlinks() {
    if !is_root("setting trusted xattrs") {
        return;
    }
    let world = World::with(&[("file", "x")]);
    std::os::unix::fs::symlink("x", world.path("link")).unwrap();
    world.node("fifo", rustix::fs::FileType::Fifo, 0).unwrap();
    for name in ["file", "link", "fifo"] {
        if let Err(errno) = world.xattr(name, "trusted.t", name.as_bytes()) {
            crate::support::skipped(&format!("no trusted xattrs here: {errno}"));
            return;
        }
    }
    // Version 2; user::rw-, user:1:r--, group::r--, mask::r--, other::r--.
    let mut acl = vec![2, 0, 0, 0];
    for (tag, bits, id) in
        [(1, 6, u32::MAX), (2, 4, 1), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 4, u32::MAX)]
    {
        acl.extend([tag, 0, bits, 0]);
        acl.extend(id.to_le_bytes());
    }
    world.xattr("file", "system.posix_acl_access", &acl).unwrap();
    let tree = world.tree();
    for (path, value) in [("/file", "file"), ("/link", "link"), ("/fifo", "fifo")] {
        let found = inode(&tree, path.as_bytes());
        let mut xattrs = found.xattrs().filter(|xattr| xattr.key == b"trusted.t");
        assert_eq!(xattrs.next().unwrap().value, value.as_bytes());
    }
    assert!(keys(&tree, b"/file").contains(&String::from("system.posix_acl_access")));
    let user = world.scan(&options(|it| it.xattrs = Xattrs::User)).tree;
    assert!(keys(&user, b"/file").is_empty() && keys(&user, b"/link").is_empty());
}

#[test]
fn hard_links_are_split_and_counted_or_kept() {
    let world = World::with(&[("b/one", "same"), ("z", "other")]);
    std::fs::hard_link(world.path("b/one"), world.path("a")).unwrap();
    std::fs::hard_link(world.path("b/one"), world.path("c")).unwrap();
    // Its other name is not in the directory.
    let elsewhere = tempfile::tempdir_in(world.root().parent().unwrap()).unwrap();
    std::fs::hard_link(world.path("z"), elsewhere.path().join("z")).unwrap();
    let split = world.scan(&ScanOptions::default());
    assert_eq!(split.linked, 1);
    assert_eq!(split.tree.inode_count(), 6);
    assert!(split.tree.nodes().all(|node| !split.tree.is_link(node)));
    assert_eq!(inode(&split.tree, b"/c").nlink(), 1);
    let kept = world.scan(&options(|it| it.hard_links = HardLinks::Keep)).tree;
    assert_eq!(kept.inode_count(), 4);
    let node = |path: &[u8]| kept.find(path).unwrap();
    assert_eq!(kept.inode_of(node(b"/a")), kept.inode_of(node(b"/b/one")));
    assert!(!kept.is_link(node(b"/a")) && kept.is_link(node(b"/c")));
    assert_eq!(inode(&kept, b"/c").nlink(), 3);
    assert_eq!(inode(&kept, b"/z").nlink(), 1);
    assert_eq!(inode(&kept, b"/a").content(), Some(&b"same"[..]));
}

#[test]
fn excluded_paths_are_left_out_with_all_below() {
    let world = World::with(&[("a/b/c", ""), ("a/x.o", ""), ("b", ""), ("x.o", "")]);
    let excluding = |patterns: &[&str]| {
        let patterns = patterns.iter().map(|pattern| String::from(*pattern)).collect();
        world.paths(&options(|it| it.exclude = patterns))
    };
    assert_eq!(excluding(&["a"]), ["/b", "/x.o"]);
    assert_eq!(excluding(&["a/b"]), ["/a", "/a/x.o", "/b", "/x.o"]);
    assert_eq!(excluding(&["*.o"]), ["/a", "/a/b", "/a/b/c", "/a/x.o", "/b"]);
    assert_eq!(excluding(&["**/*.o", "b"]), ["/a", "/a/b", "/a/b/c"]);
    let bad = options(|it| it.exclude = vec![String::from("[")]);
    assert!(matches!(try_scan(world.root(), &bad), Err(ScanError::Pattern(_))));
    let long = options(|it| it.inline_max = 5001);
    assert!(matches!(try_scan(world.root(), &long), Err(ScanError::Options(_))));
}

#[test]
fn times_are_kept_set_or_clamped() {
    let world = World::with(&[("old", "")]);
    world.write("new", "");
    let set = |name, seconds| {
        let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, 5);
        let file = std::fs::File::options().write(true).open(world.path(name)).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    };
    set("old", 100);
    set("new", 2000);
    let times = |mtimes| {
        let tree = world.scan(&options(|it| it.mtimes = mtimes)).tree;
        [&b"/old"[..], b"/new"].map(|path| inode(&tree, path).mtime())
    };
    let at = |sec, nsec| Mtime { sec, nsec };
    assert_eq!(times(Mtimes::Keep), [at(100, 5), at(2000, 5)]);
    assert_eq!(times(Mtimes::Set(at(7, 8))), [at(7, 8); 2]);
    assert_eq!(times(Mtimes::Clamp(at(100, 6))), [at(100, 5), at(100, 6)]);
}

#[test]
fn owners_are_mapped_and_contents_inlined_as_asked_for() {
    let world = World::with(&[("file", "x")]);
    world.write("five", vec![1; 5000]);
    let uid = rustix::process::geteuid().as_raw();
    let tree = world.scan(&options(|it| {
        it.owners.insert(uid, 77);
        it.groups.rest(88);
        it.inline_max = 5000;
    }));
    let file = inode(&tree.tree, b"/file");
    assert_eq!((file.uid(), file.gid()), (77, 88));
    assert_eq!(tree.tree.facts(NodeId::ROOT).gid(), 88);
    assert_eq!(inode(&tree.tree, b"/five").content().map(<[u8]>::len), Some(5000));
    let none = world.scan(&options(|it| it.inline_max = 0)).tree;
    assert_eq!(inode(&none, b"/file").digest(), Some(digest(Algorithm::Sha256, b"x")));
}

#[test]
fn what_is_mounted_is_recorded_as_empty_with_one_file_system() {
    let all = try_scan(
        std::path::Path::new("/dev"),
        &options(|it| {
            it.one_file_system = true;
            it.on_change = cfs::live::OnChange::Retry;
        }),
    );
    let Ok(found) = all else {
        crate::support::say_skipped("the devices of this machine cannot be scanned");
        return;
    };
    let Some(mounted) = found.tree.find(b"/shm").or_else(|| found.tree.find(b"/pts")) else {
        crate::support::say_skipped("nothing is mounted below the devices of this machine");
        return;
    };
    assert_eq!(found.tree.children(mounted).count(), 0);
}

#[test]
fn a_store_gets_the_objects_and_is_not_scanned() {
    let world = World::with(&[("small", "x")]);
    world.write("a/big", vec![3; 100_000]);
    world.write("a/huge", vec![4; 5 << 20]);
    let outside = tempfile::tempdir().unwrap();
    let store = Store::create(outside.path().join("objects"), &StoreOptions::default()).unwrap();
    let progress = Progress::default();
    let with =
        |store| scan(world.root(), &ScanOptions::default(), Some(store), threads(2), &progress);
    let tree = with(&store).unwrap().tree;
    for (path, bytes) in [("/a/big", vec![3; 100_000]), ("/a/huge", vec![4; 5 << 20])] {
        let found = inode(&tree, path.as_bytes());
        assert_eq!(found.digest(), Some(digest(Algorithm::Sha256, &bytes)));
        let object = std::str::from_utf8(found.payload().unwrap()).unwrap();
        assert!(std::fs::read(store.path().join(object)).unwrap() == bytes);
    }
    assert_eq!(crate::dump(tree), crate::dump(world.tree()));
    // A store inside of what is scanned.
    world.dir("objects");
    let inside = Store::create(world.path("objects"), &StoreOptions::default()).unwrap();
    let Err(ScanError::Unreadable(problems)) = with(&inside) else { panic!("it is scanned") };
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].path, b"/objects");
    assert_eq!(problems[0].kind, cfs::live::ProblemKind::IsStore);
    let excluding = options(|it| it.exclude = vec![String::from("objects")]);
    scan(world.root(), &excluding, Some(&inside), threads(2), &progress).unwrap();
    // A store that cannot be made.
    let bad = Store::create(world.path("small/objects"), &StoreOptions::default()).unwrap();
    assert!(matches!(with(&bad), Err(ScanError::Store(_))));
}

#[test]
fn what_a_scan_expects_is_what_it_reads() {
    let world =
        World::with(&[("a", "hello"), ("dir/b", "world"), ("dir/deep/c", &"x".repeat(70_000))]);
    std::fs::hard_link(world.path("a"), world.path("dir/again")).unwrap();
    std::os::unix::fs::symlink("a", world.path("link")).unwrap();
    world.write("empty", "");
    let check = |change: fn(&mut ScanOptions), files, bytes| {
        let (options, progress) = (options(change), Progress::default());
        expect(world.root(), &options, &progress, &Progress::default());
        assert_eq!((progress.total_files(), progress.total_bytes()), (files, bytes));
        scan(world.root(), &options, None, threads(2), &progress).unwrap();
        assert_eq!((progress.files(), progress.bytes()), (files, bytes));
    };
    check(|_| {}, 4, 70_010);
    check(|options| options.hard_links = HardLinks::Keep, 4, 70_010);
    check(|options| options.exclude = vec!["dir/deep".into()], 3, 10);
    check(|options| options.exclude = vec!["**/b".into(), "a".into()], 3, 70_005);
    let stopped = Progress::default();
    stopped.stop();
    let progress = Progress::default();
    expect(world.root(), &ScanOptions::default(), &progress, &stopped);
    assert_eq!(progress.total_files(), 0);
}
