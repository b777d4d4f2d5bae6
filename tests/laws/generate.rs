//! Makes plans of trees that reach every corner of the formats.

use std::collections::BTreeSet;

use super::choose::Choose;
use super::facts::{self, Pairs};
use super::plan::{Inode, Plan, Planned, What};

/// How odd a plan may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddness {
    /// Facts that the strict profile takes.
    Tidy,
    /// Also facts that no image holds, which the lenient profile takes.
    Odd,
}

/// A plan made by choices.
pub fn generate(choose: &mut impl Choose) -> Plan {
    let oddness = if choose.once_in(3) { Oddness::Odd } else { Oddness::Tidy };
    let root = What::Inode(Inode::new(0o40755));
    let entries = vec![Planned { parent: 0, name: Vec::new(), what: root }];
    let plan = Plan { entries };
    let mut generator =
        Generator { choose, oddness, plan, directories: vec![0], names: BTreeSet::new() };
    generator.root();
    for _ in 0..generator.choose.below(16) {
        generator.step();
    }
    generator.links();
    generator.plan
}

/// Bytes that `.` and `..` take in the list of a directory.
const DOTS: usize = 27;

struct Generator<'c, C> {
    choose: &'c mut C,
    oddness: Oddness,
    plan: Plan,
    directories: Vec<usize>,
    names: BTreeSet<(usize, Vec<u8>)>,
}

impl<C: Choose> Generator<'_, C> {
    fn root(&mut self) {
        let mut root = Inode::new(0o40755);
        facts::numbers(self.choose, self.oddness, &mut root);
        root.xattrs = facts::xattrs(self.choose, self.oddness, &root);
        self.plan.entries[0].what = What::Inode(root);
    }

    fn step(&mut self) {
        match self.choose.below(16) {
            0..=4 => self.file(),
            5 | 6 => self.directory(),
            7 => self.fill(),
            8 => self.wide(),
            9 => self.deep(),
            10 => self.many_xattrs(),
            11 => self.stub(),
            12 => self.whiteouts(),
            13 => self.externals(),
            14 => self.twins(),
            _ => self.near_a_block(),
        }
    }

    /// Adds an entry unless its directory has the name already.
    fn add(&mut self, parent: usize, name: Vec<u8>, what: What) -> Option<usize> {
        if !self.names.insert((parent, name.clone())) {
            return None;
        }
        self.plan.entries.push(Planned { parent, name, what });
        Some(self.plan.entries.len() - 1)
    }

    fn parent(&mut self) -> usize {
        let at = self.choose.below(self.directories.len());
        // The last directory is the likeliest with small choices, so that trees grow deep.
        self.directories[self.directories.len() - 1 - at]
    }

    fn file(&mut self) {
        let parent = self.parent();
        let name = facts::name(self.choose);
        let inode = facts::file(self.choose, self.oddness);
        self.add(parent, name, What::Inode(inode));
    }

    fn directory(&mut self) {
        let parent = self.parent();
        let name = facts::name(self.choose);
        let inode = facts::directory(self.choose, self.oddness);
        let added = self.add(parent, name, What::Inode(inode));
        self.directories.extend(added);
    }

    /// A directory whose list of names has a length at a boundary.
    fn fill(&mut self) {
        let parent = self.parent();
        let name = facts::name(self.choose);
        let Some(directory) = self.add(parent, name, What::Inode(Inode::new(0o40755))) else {
            return;
        };
        self.directories.push(directory);
        let longest = self.choose.pick(&[255, 100, 243]);
        let last = self.choose.pick(&[2047, 2048, 2049, 4095, 4096, 4097]);
        if self.choose.below(2) == 0 {
            self.fill_up(directory, last - DOTS, longest);
        } else {
            // A whole block, and behind it the rest.
            self.fill_up(directory, 4096 - DOTS, longest);
            self.fill_up(directory, last, longest);
        }
    }

    /// Adds names that take so many bytes in the list of a directory, sorted as they come.
    fn fill_up(&mut self, directory: usize, mut bytes: usize, longest: usize) {
        const RECORD: usize = 12;
        const SHORTEST: usize = 4;
        for number in self.plan.entries.len().. {
            let len = match bytes.checked_sub(RECORD + SHORTEST) {
                None => return,
                Some(left) if left < longest => SHORTEST + left,
                Some(left) => longest.min(left - RECORD),
            };
            bytes -= RECORD + len;
            let mut name = format!("{number:04}").into_bytes();
            name.resize(len.min(255), b'x');
            self.add(directory, name, What::Inode(Inode::new(0o100_644)));
        }
    }

    fn wide(&mut self) {
        let parent = self.parent();
        let count = self.choose.pick(&[10, 10, 40, 200]);
        let stem = facts::name(self.choose);
        for number in 0..count {
            let name = [&stem[..stem.len().min(100)], format!("{number}").as_bytes()].concat();
            self.add(parent, name, What::Inode(Inode::new(0o100_600)));
        }
    }

    fn deep(&mut self) {
        let mut parent = self.parent();
        let name = facts::name(self.choose);
        for _ in 0..self.choose.pick(&[3, 5, 25]) {
            let added = self.add(parent, name.clone(), What::Inode(Inode::new(0o40700)));
            let Some(directory) = added else { return };
            parent = directory;
        }
        self.directories.push(parent);
    }

    /// Several files with the same xattrs, about as many as an inode may refer to.
    fn many_xattrs(&mut self) {
        let xattrs = facts::many_xattrs(self.choose);
        for _ in 0..self.choose.pick(&[2, 1, 3]) {
            let (parent, name) = (self.parent(), facts::name(self.choose));
            let mut inode = match self.choose.below(3) {
                0 => facts::file(self.choose, Oddness::Tidy),
                1 => Inode { rdev: 0, ..Inode::new(0o20644) },
                _ => Inode::new(0o40755),
            };
            inode.xattrs = xattrs.clone();
            let is_directory = inode.is_type(0o040_000);
            let added = self.add(parent, name, What::Inode(inode));
            self.directories.extend(added.filter(|_| is_directory));
        }
    }

    /// A name of those that the writer would add to the root.
    fn stub(&mut self) {
        let name = format!("{:02x}", self.choose.byte()).into_bytes();
        let inode = match self.choose.below(3) {
            0 => facts::file(self.choose, self.oddness),
            1 => Inode { mode: 0o20644, ..Inode::new(0o20644) },
            _ => facts::directory(self.choose, self.oddness),
        };
        let is_directory = inode.is_type(0o040_000);
        let added = self.add(0, name, What::Inode(inode));
        self.directories.extend(added.filter(|_| is_directory));
    }

    fn whiteouts(&mut self) {
        let parent = self.parent();
        for _ in 0..=self.choose.below(3) {
            let name = facts::name(self.choose);
            let mut inode = Inode::new(0o20000);
            facts::numbers(self.choose, self.oddness, &mut inode);
            inode.xattrs = facts::xattrs(self.choose, self.oddness, &inode);
            self.add(parent, name, What::Inode(inode));
        }
    }

    /// External files that share digests and payloads.
    fn externals(&mut self) {
        let parent = self.parent();
        let first = facts::external(self.choose);
        for _ in 0..2 + self.choose.below(3) {
            let name = facts::name(self.choose);
            let mut inode = facts::external(self.choose);
            if self.choose.below(2) == 0 {
                inode.digest.clone_from(&first.digest);
            }
            if self.choose.below(2) == 0 {
                inode.payload.clone_from(&first.payload);
            }
            self.add(parent, name, What::Inode(inode));
        }
    }

    /// A copy of an inode that is there, as far as a file can be one.
    fn twins(&mut self) {
        let of = self.choose.below(self.plan.entries.len());
        let (parent, name) = (self.parent(), facts::name(self.choose));
        let inode = self.plan.inode(of).clone();
        let is_directory = inode.is_type(0o040_000);
        let added = self.add(parent, name, What::Inode(inode));
        self.directories.extend(added.filter(|_| is_directory));
    }

    /// Empty files up to about a block of the image, then one whose tail has to go around its end.
    fn near_a_block(&mut self) {
        let parent = self.parent();
        for number in 0..96 + self.choose.below(32) {
            let name = format!("n{number}").into_bytes();
            self.add(parent, name, What::Inode(Inode::new(0o100_644)));
        }
        let name = b"n~".to_vec();
        let inode = match self.choose.below(3) {
            0 => facts::inline(self.choose),
            1 => facts::symlink(self.choose),
            _ => facts::external(self.choose),
        };
        self.add(parent, name, What::Inode(inode));
    }

    /// Hard links at the end, so that they can lead to any file, to an earlier link, or be put
    /// before their target.
    fn links(&mut self) {
        let count = if self.choose.below(2) == 0 { 0 } else { self.choose.below(8) };
        for _ in 0..count {
            let target = self.choose.below(self.plan.entries.len());
            if self.plan.inode(target).is_type(0o040_000) {
                continue;
            }
            let parent = match self.choose.below(3) {
                0 => self.plan.entries[target].parent,
                _ => self.parent(),
            };
            let name = facts::name(self.choose);
            self.add(parent, name, What::Link(target));
        }
        if self.choose.below(2) == 1 {
            self.carry_later();
        }
    }

    /// Lets a link and its target change places, so that the name that carries the inode may come
    /// behind the others.
    fn carry_later(&mut self) {
        let entries = &mut self.plan.entries;
        for link in 0..entries.len() {
            let What::Link(target) = entries[link].what else { continue };
            if let What::Inode(_) = entries[target].what {
                let inode = std::mem::replace(&mut entries[target].what, What::Link(link));
                entries[link].what = inode;
            }
        }
    }
}

/// Leaves at most so many bytes of xattrs as a text can hold.
pub fn keep_within_cost(pairs: Pairs) -> Pairs {
    let mut left = 32_767 - 12;
    let mut fits = |pair: &(Vec<u8>, Vec<u8>)| {
        let cost = 7 + pair.0.len() + pair.1.len();
        let fits = cost <= left;
        left -= if fits { cost } else { 0 };
        fits
    };
    pairs.into_iter().filter(|pair| fits(pair)).collect()
}
