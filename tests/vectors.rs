//! The examples and test vectors of the description of the image format: a dump, and the length,
//! SHA-256 and fs-verity digest of its image in both versions.

mod support;

use cfs::dump::{self, Options};
use cfs::erofs::{self, Version, layout};
use cfs::verity::{self, Algorithm};
use support::sha256;

/// The line of the root in most of them.
const ROOT: &str = "/ 4096 40755 2 0 0 0 0.0 - - -\n";

/// Compares the images of a dump; returns what they read back as.
#[track_caller]
fn image(text: &str, version: Version, len: usize, sha: &str, verity: &str) -> Vec<u8> {
    let parsed = dump::parse(text.as_bytes(), &Options::default());
    let tree = parsed.unwrap_or_else(|error| panic!("{error}")).tree;
    let image = layout(&tree, version).unwrap().to_vec();
    assert_eq!(image.len(), len, "{version:?}");
    assert_eq!(sha256(&image), sha, "{version:?}");
    let digest = verity::digest(Algorithm::Sha256, &image);
    assert_eq!(digest.to_string(), verity, "{version:?}");
    dump::print(&erofs::read(&image).unwrap())
}

/// The length of both images, then SHA-256 and fs-verity digest for version 0 and for version 1.
#[track_caller]
fn images(text: &str, len: usize, [v0, v0_verity, v1, v1_verity]: [&str; 4]) {
    image(text, Version::V0, len, v0, v0_verity);
    image(text, Version::V1, len, v1, v1_verity);
}

/// A file without content, and the xattrs given.
fn file(path: &str, xattrs: &str) -> String {
    let space = if xattrs.is_empty() { "" } else { " " };
    format!("{path} 0 100644 1 0 0 0 0.0 - - -{space}{xattrs}\n")
}

#[test]
fn the_example_of_version_0() {
    let text = "\
/ 4096 40755 2 0 0 0 1.0 - - -
/t 4096 40700 2 0 0 0 1.0 - - - user.k=v
/t/ext 5000 100644 1 1000 1000 0 2.5 ab/cd - \
000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f user.k=v
/t/in 5 100600 2 0 0 0 1.0 - hello -
/t/ln 5 @100600 2 0 0 0 1.0 /t/in - -
/u 1 120777 1 0 0 0 1.0 t - -
";
    let sha = "ed7765aa9c287a47c3fd8e19c01dcbd3a185e0643120ef27e40a8ea154837fc8";
    let verity = "dc9feccc7d4121da72d43c23c923cded96d350f2a3eac7a2720778ba65cf456d";
    let dumped = image(text, Version::V0, 16384, sha, verity);
    let counted = text.replacen("40755 2", "40755 3", 1).replacen("/t 4096", "/t 70", 1);
    let linked = counted.replace("/t/in - -", "/t/in hello -");
    assert_eq!(String::from_utf8(dumped).unwrap(), linked);
}

#[test]
fn the_example_of_version_1() {
    let text = "\
/ 4096 40755 2 0 0 0 1.0 - - -
/d 4096 40755 2 0 0 0 1.0 - - -
/d/gone 0 20000 1 0 0 0 1.0 - - -
";
    let sha = "85ad88169dbfa496e0f7dd9a6d91ccf3a458ea81ccf58744c0f54cc6f2641299";
    let verity = "ed2273935023b42414887098617057e3c17b0025531090f8351750bc39863eb6";
    let tree = dump::parse(text.as_bytes(), &Options::default()).unwrap().tree;
    assert_eq!(Version::choose(&tree, Version::V0, Version::V1), Version::V1);
    image(text, Version::V1, 16384, sha, verity);
}

#[test]
fn the_root_alone() {
    let expected = [
        "c3dc5b0fc4afb0693a95e017fe5815e1f88f204d485df617541b5ea659aefb8b",
        "8f589e8f57ecb88823736b0d857ddca1e1068a23e264fad164b28f7038eb3682",
        "18e13c704e2aae7f84be9fda89fdc4c5001c184d279b90a93434e872e5e7c190",
        "14a26c957c84f6eb774b91205476adc13196c7c33b9dd97d08d43725ecb90b63",
    ];
    images(ROOT, 16384, expected);
}

#[test]
fn a_root_with_a_label_a_large_group_and_a_time_before_1970() {
    let text = r"/ 0 40700 9 1000 70000 0 -1.5 - - - security.selinux=l\x00
";
    let expected = [
        "20f517e70191dc494441d00165ff9e8c91cdf0663aff38d972da0b5fde140b70",
        "3b3b3a987aa346fad68314a609b4463ec178a949852784045c1021bebc3b9ec6",
        "fd3385cc15a1703ff17e24b338c2a1d36a96ca20d40e2f409db55ea2e753fe8a",
        "81f21a1d58a419e3203afef53983cec9f8330e602159a30d3d49b653ab6b4c5c",
    ];
    images(text, 32768, expected);
}

#[test]
fn every_file_type() {
    let text = ROOT.to_owned()
        + r"/b 0 60660 1 0 6 2049 0.0 - - -
/c 0 20666 1 0 0 259 0.0 - - -
/d 0 40755 2 0 0 0 0.0 - - -
/d/e 0 100644 1 0 0 0 0.0 - - -
/i 3 100644 1 0 0 0 0.0 - a\nb -
/l 0 120777 1 0 0 0 0.0 d/e - -
/p 0 10600 1 0 0 0 0.0 - - -
/s 0 140755 1 0 0 0 0.0 - - -
";
    let expected = [
        "bbf1becbf76b5ba433aa25bcc06c5f8fa7ad37f71655b632b633add20de8adae",
        "671c35bfa6fcb61fefaa27364be0c51d5979168e82f0a695f4e4850fe68fdf1f",
        "79efb13689bfca5e6964213f83deb493e95cc0c10ce909dc6fbddd31090eee09",
        "2ae2b12872634eb652d97ebe8eb6fb37fe50379da666bf1cbd089b191606b8a7",
    ];
    images(&text, 16384, expected);
}

#[test]
fn external_files_share_xattrs() {
    let text = ROOT.to_owned()
        + r"/f 10 100644 1 0 0 0 0.0 aa/bb - 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef user.a=1
/g 10 100644 1 0 0 0 0.0 aa/bb - 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef user.a=1 user.b=2
/h 10 100644 1 0 0 0 0.0 - - -
";
    let expected = [
        "d2e325482075005d70c57b8e98fd69b8b332b93e5d385b0d1d03a0d0fbfea756",
        "2283c7d33a1d61c513cae54e21b50823c11869386277890f9a1b679304c8dfcb",
        "18bbf402ce5f015c8db6258c81c47b7f8feae92546fff4463edefec39f936596",
        "05060e3ed2b3aa1986e8b5a8fb25c297c7ac04a05ca37a217a51f1bca85510d9",
    ];
    images(&text, 16384, expected);
}

#[test]
fn whiteouts_in_the_root_and_below_one_with_two_names() {
    let text = ROOT.to_owned()
        + r"/d 0 40755 2 0 0 0 0.0 - - -
/d/w 0 20000 2 0 0 0 0.0 - - -
/00 0 20644 1 0 0 0 0.0 - - -
/k 0 @20000 2 0 0 0 0.0 /d/w - -
";
    let expected = [
        "e32f0498a17874a8c7175dc595ea2bf66c3146eae5cab43cdc1bb1600c0257e6",
        "fd29d9dbca3bcba95e250eec1b3b850fdff628d2fc3e67b43ab8600066c59e38",
        "2ae4b6b1bb3ea1189f6dfc09cebc064a9f65803ac8b9f2238796abb988603a05",
        "8ec9541e349c3fd47c6176d2535d7dafc64550148ee1c4efb332f87ade9a92a0",
    ];
    images(&text, 16384, expected);
}

#[test]
fn contents_of_the_sizes_where_their_place_changes() {
    let content = |len: usize| format!("/{len} {len} 100644 1 0 0 0 0.0 - {} -\n", "x".repeat(len));
    let files: String = [2048, 2049, 4096, 4097, 5000].map(content).concat();
    let text = format!("{ROOT}{files}");
    let expected = [
        "5108fb36ac19f1d9f5c40ef146da9c1904778315106c98e775d357596d120b7c",
        "7d1d3f235d27deb3b7d3a5d48e939b11a57300a678aa79612a671e54a88753e6",
        "85ba89d370d0e2da387e802deb43f7656f3a44e1300347f403a0c0e3bce336bc",
        "25e470265734dd5611810785b57840c19519e996f65d65d3d91e0882aa849f7e",
    ];
    images(&text, 36864, expected);
}

#[test]
fn hard_links_to_a_hard_link_and_to_a_later_line() {
    let text = ROOT.to_owned()
        + r"/a 0 @100644 1 0 0 0 0.0 /z - -
/m 0 @100644 1 0 0 0 0.0 /a - -
/z 4 100644 3 0 0 0 0.0 - data -
";
    let expected = [
        "8eaea98e22c5bf2c9e173d31e5606e0004a3839a689e44177464bce069558c89",
        "e5b12ad76d297f0b4862222053ff6a5dbeb864fff381fd8f0aa8de0caeab2491",
        "c7e58b0d93650692e005920fd26f599b13ab29c0422bba0d02516ba6375f085f",
        "96443734ac672b11084a39a88cdf7cde758a59b873d853c71f5a0966ba90a84a",
    ];
    images(&text, 16384, expected);
}

#[test]
fn names_around_the_dots() {
    let text = ROOT.to_owned()
        + r"/d 0 40755 2 0 0 0 0.0 - - -
/d/- 0 100644 1 0 0 0 0.0 - - -
/d/.- 0 100644 1 0 0 0 0.0 - - -
/d/.a 0 100644 1 0 0 0 0.0 - - -
/d/\xff 0 100644 1 0 0 0 0.0 - - -
/d/\x20 0 100644 1 0 0 0 0.0 - - -
";
    let expected = [
        "31fb7e0c27447a10fa994f07813b8df0d48638f79f61632076195b5f7005f609",
        "b83ed8b4aa89bb47b2b501d202cc2a5c76f3f4b6e1cfaf8c723e95bec84b0cc5",
        "9aa34add251e503363842d1337e0bfa5d7bcfc332d06da72a45a9e42f7e548d5",
        "8cce4eecabf8c360d32cf2db2034e3b78706ad0c0fdf462214b86a0179fc455a",
    ];
    images(&text, 16384, expected);
}

#[test]
fn a_thousand_names_in_a_directory() {
    let files: String = (0..1000).map(|n| file(&format!("/d/{n:04}"), "")).collect();
    let text = format!("{ROOT}/d 0 40755 2 0 0 0 0.0 - - -\n{files}");
    let expected = [
        "054d58468e634fc43b1e0f27ae408e39a4d58b51a6bf1fd24038276800476b8a",
        "a5214fe1511e958438b5297000188c915f4e9d9290ffac863b3167107161300b",
        "c5eb811f283f72871522eb610f99a031f1e5e0bffe0c94a499433aee8a24f678",
        "1cbdf2afe2c391a3e2a64aa3e75086805708d4d8db987a4437311c58f18b1d12",
    ];
    images(&text, 65536, expected);
}

#[test]
fn long_targets_of_symlinks() {
    let target = |len: usize| format!("/{len} 0 120777 1 0 0 0 0.0 {} - -\n", "x".repeat(len));
    let links: String = [4063, 4064, 4095].map(target).concat();
    let text = format!("{ROOT}{links}");
    let expected = [
        "78e740569c111fc87ae62434bd216dd428ec19809e2cd2dcbadd58d1069d1a54",
        "08a5cf17ec1433d3beabd8a06bb73f37f756b964c89dbf3d2adc158779e50b2f",
        "1c1d82c45324bb2f1107096a8f3a0f88b6f1fb647519574ab9ba5fc06beb3fe5",
        "2114d6d177d6679bf10b5b94854ceb96605759d54e01c43532bc3b1ef8d1b705",
    ];
    images(&text, 32768, expected);
}

#[test]
fn external_files_of_sizes_where_the_chunks_change() {
    let text = ROOT.to_owned()
        + r"/0 1 100644 1 0 0 0 0.0 - - -
/1 4096 100644 1 0 0 0 0.0 - - -
/2 4097 100644 1 0 0 0 0.0 - - -
/3 8796093022208 100644 1 0 0 0 0.0 - - -
/4 8796093022209 100644 1 0 0 0 0.0 - - -
/5 9007199254740992 100644 1 0 0 0 0.0 - - -
";
    let expected = [
        "bf691e6953cd8de04709129b18e4101dc305462d846b4d71188887ea1ebe1275",
        "b015aa0696af7478ca631c604c756d4d59938fbc3f709c10970fb294e8d5beb6",
        "a68293a9b999e02a68c8d8579209e31d7e5c57895625f9b05039dba12bac6630",
        "f1f3765896554039ad14b7f18762dae99ab5b6cd6544ce91c8ec5a99b5158100",
    ];
    images(&text, 24576, expected);
}

#[test]
fn a_chunk_map_in_a_block_of_its_own() {
    let text = ROOT.to_owned()
        + r"/f 9007199254740992 100644 1 0 0 0 0.0 - - - user.abc=
";
    let expected = [
        "932c557bc172247ba6c7ef88c98b2a348a044fad93e7534ed47945c67a1bc28b",
        "990143a950d14e5e7dfe82bfa54c8176c7b4aa1bea355c0122ef671ab9f1ca9c",
        "89a83ebd26b8a8c783dde4d7c62e723afee968406b998818d598fef9ce4094b3",
        "d1aea0e4e7e1f77b7c41c93d6c0af3e01371357435e2c81bea9bb4cdf5a90d5e",
    ];
    images(&text, 24576, expected);
}

/// The chunk format of an inode whose map has a block of its own keeps the upper half of that
/// block's number, which is not zero only in images of more than 65,535 blocks. Such an image is
/// large, so this looks at its first 4 MiB; the digest is what `composefs-info measure-file` says
/// of as many bytes of the image that mkcomposefs writes.
#[test]
fn chunk_maps_in_blocks_with_large_numbers() {
    let mut text = String::from("/ 4096 40755 2 0 0 0 0.0 - - -\n");
    for number in 0..66_000 {
        text += &format!("/f{number:05} 9007199254740992 100644 1 0 0 0 0.0 - - -\n");
    }
    let tree = dump::parse(text.as_bytes(), &Options::default()).unwrap().tree;
    let layout = layout(&tree, Version::V0).unwrap();
    assert_eq!(layout.len(), 541_880_320);
    let mut start = vec![0; 4 << 20];
    layout.emit(0, &mut start);
    let digest = verity::digest(Algorithm::Sha256, &start).to_string();
    assert_eq!(digest, "5aa1316b8e599a92f341b3b80dc0c6322134d235312868bd1d2fddca0fc9d56c");
}

#[test]
fn every_prefix_of_xattr_names_and_acls() {
    let text = ROOT.to_owned()
        + r"/f 0 100644 1 0 0 0 0.0 - - - user.a=1 trusted.a=1 security.a=1 lustre.a=1 system.a=1 a=1 system.posix_acl_access=1 system.posix_acl_default=1
";
    let expected = [
        "937c136de426c5b59dae6c3a1657227b9bad7ca8e3c8bdc0b292d909b2d4bb9e",
        "d0f4f173a85d90589086a790fdd6a26c38660d760369daf20a6fcce9b6dc6be7",
        "c57f468bcdb6c9f22c457f2e9f440b43475a1a229fb554cc5db858be2251d99c",
        "05d678ddd1c0c6d04980082ecbcbb4a6fb3d21c9ef04cdd26241f8ba1416e515",
    ];
    images(&text, 16384, expected);
}

#[test]
fn more_shared_xattrs_than_an_inode_refers_to() {
    let xattrs: Vec<String> = (0..130).map(|n| format!("user.{n:03}=")).collect();
    let xattrs = xattrs.join(" ");
    let text = format!("{ROOT}{}{}", file("/a", &xattrs), file("/b", &xattrs));
    let expected = [
        "fb52f925c65af6f40c5d14a51031550fdc41a413dceae53ccaea48d77ea9671d",
        "d583b21721a97564634af106f75b442b2e143c5a8620bb7000589b685802ba8c",
        "836da43aad0c46123a45ebcd3ecd7bb7156efdadd6eccfef237941b2aee8a3d9",
        "d3e7d31c6c0cbe29268b3f16dcfbe3fb791f3d15e4f2505c432ddb844a1e34a1",
    ];
    images(&text, 16384, expected);
}

#[test]
fn overlay_xattrs_are_escaped() {
    let text = r"/ 4096 40755 2 0 0 0 0.0 - - - trusted.overlay.opaque=q trusted.overlay.overlay.x=1
/f 5 100644 1 0 0 0 0.0 - - - trusted.overlay.metacopy=m trusted.overlay.redirect=r user.overlay.redirect=u trusted.overlay=n
";
    let expected = [
        "0ff787605a38726d4d1d79ddc9960c92a8fd3279f9029b8e990af07c1400b748",
        "6c6157b440642d4a40aba902e11e0addfb52793bd5163528787c4f5f8a1a0a83",
        "17dc5498125776caa0cd9b69b6b999fbaf5d3a779c7b6386f7abcfd20f075150",
        "24bc580a7befa2a113c7ccc3692083429762b0779107dd3df73f566bed16bed5",
    ];
    images(text, 16384, expected);
}

#[test]
fn values_at_the_limits_of_the_short_inode() {
    let text = ROOT.to_owned()
        + r"/a 0 100644 1 65535 65535 0 0.0 - - -
/b 0 100644 1 65536 0 0 0.0 - - -
/c 0 100644 1 0 65536 0 0.0 - - -
/d 0 100644 65535 0 0 0 0.0 - - -
/e 0 100644 65536 0 0 0 0.0 - - -
/f 4294967295 100644 1 0 0 0 0.0 - - -
/g 4294967296 100644 1 0 0 0 0.0 - - -
/h 0 100644 1 0 0 0 0.1 - - -
/i 4294967296 10644 1 0 0 0 0.0 - - -
";
    let expected = [
        "2c651dc7cd948b0925f51ff21dd8d2dca34de1b1bfe0205d61d07e3319644d06",
        "d9b92b3fa341ac84776ceb187976943fca029f4ddc7245bea045f52b7b1621d1",
        "4cff7818a98520182627a1a8f7403365104c4d06a43cf8bcbffddb9b0ec716a4",
        "91b8cd0667b6cfeb9f2a018c5721c72fa98e553ee9f55a7cb0bc6b9340b16388",
    ];
    images(&text, 16384, expected);
}
