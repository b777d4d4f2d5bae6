//! Writes a plan as a text, in any of the spellings that the lenient profile takes.

use super::choose::Choose;
use super::plan::{Inode, Plan, What};

/// A text that says what a plan says. With plain choices it is spelled as our own printer does,
/// though its lines are in the order of the plan.
pub fn spell(plan: &Plan, choose: &mut impl Choose) -> Vec<u8> {
    let odd = choose.once_in(2);
    let mut writer = Writer { plan, choose, odd, text: Vec::new() };
    for entry in writer.order() {
        match &plan.entries[entry].what {
            What::Inode(inode) => writer.inode(entry, inode),
            What::Link(target) => writer.link(entry, *target),
        }
        writer.text.push(b'\n');
    }
    if writer.now_and_then() {
        writer.text.pop();
    }
    writer.text
}

/// Where a string stands, which decides how it may be spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Optional,
    Key,
    Value,
}

struct Writer<'p, 'c, C> {
    plan: &'p Plan,
    choose: &'c mut C,
    odd: bool,
    text: Vec<u8>,
}

impl<C: Choose> Writer<'_, '_, C> {
    /// Whether to do something odd here.
    fn now_and_then(&mut self) -> bool {
        self.odd && self.choose.once_in(8)
    }

    /// The order of the lines: as planned, or as a walk meets them.
    fn order(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.plan.entries.len()).collect();
        if self.choose.below(2) == 0 {
            order.sort_by_cached_key(|&entry| self.plan.path(entry));
        }
        order
    }

    fn inode(&mut self, entry: usize, inode: &Inode) {
        self.path(entry);
        self.space();
        self.number(inode.size.into(), 10);
        self.space();
        if self.now_and_then() {
            self.number(1 << 16 | i128::from(inode.mode), 8);
        } else {
            self.number(inode.mode.into(), 8);
        }
        for number in [inode.nlink, inode.uid, inode.gid, inode.rdev] {
            self.space();
            self.number(number.into(), 10);
        }
        self.space();
        self.number(inode.sec.into(), 10);
        self.text.push(b'.');
        self.number(inode.nsec.into(), 10);
        self.space();
        self.optional(inode.payload.as_deref(), !inode.is_type(0o120_000));
        if self.ends_early(inode) {
            return;
        }
        self.space();
        self.optional(inode.content.as_deref(), inode.size == 0);
        self.space();
        self.digest(inode);
        self.xattrs(&inode.xattrs);
        if self.now_and_then() {
            self.space();
        }
    }

    /// Whether the last two fields, which are unset, are left out.
    fn ends_early(&mut self, inode: &Inode) -> bool {
        let unset = inode.content.is_none() && inode.digest.is_none() && inode.xattrs.is_empty();
        unset && inode.size == 0 && self.now_and_then()
    }

    fn link(&mut self, entry: usize, target: usize) {
        self.path(entry);
        let junk = self.now_and_then();
        self.text.extend_from_slice(if junk { b" x\\q @" } else { b" 0 @" });
        let mode = if self.now_and_then() { 0 } else { self.plan.inode(entry).mode };
        self.number(mode.into(), 8);
        self.text.extend_from_slice(if junk { b" - - - - 1 " } else { b" 1 0 0 0 0.0 " });
        self.path(target);
        if self.now_and_then() {
            self.text.push(b'/');
        }
        self.text.extend_from_slice(if junk { b" - - nonsense" } else { b" - -" });
    }

    fn path(&mut self, entry: usize) {
        let names = self.plan.path(entry);
        if names.is_empty() {
            self.text.push(b'/');
        }
        for (place, name) in names.into_iter().enumerate() {
            // A first slash may be missing unless that would mean something else.
            if place > 0 || name == b"-" || !self.now_and_then() {
                self.slash();
            }
            self.string(name, Place::Path);
        }
    }

    fn slash(&mut self) {
        let slashes: &[u8] = if self.now_and_then() { b"//" } else { b"/" };
        self.text.extend_from_slice(slashes);
    }

    fn space(&mut self) {
        self.text.push(b' ');
    }

    fn number(&mut self, number: i128, radix: u32) {
        let odd = self.now_and_then();
        match (number < 0, odd) {
            (true, true) => self.text.extend_from_slice(b"-00"),
            (true, false) => self.text.push(b'-'),
            (false, true) => self.text.extend_from_slice(b"+0"),
            (false, false) => {}
        }
        let digits = number.unsigned_abs();
        let digits = if radix == 8 { format!("{digits:o}") } else { digits.to_string() };
        self.text.extend_from_slice(digits.as_bytes());
    }

    /// A value, or what stands for none.
    fn optional(&mut self, value: Option<&[u8]>, may_be_empty: bool) {
        match value {
            None if may_be_empty && self.now_and_then() => {}
            None => self.text.push(b'-'),
            Some(value) => self.string(value, Place::Optional),
        }
    }

    fn digest(&mut self, inode: &Inode) {
        let Some(digest) = &inode.digest else {
            return self.optional(None, !inode.is_external());
        };
        let upper = self.now_and_then();
        for byte in digest {
            let digits = if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
            self.text.extend_from_slice(digits.as_bytes());
        }
    }

    fn xattrs(&mut self, pairs: &[(Vec<u8>, Vec<u8>)]) {
        // The last value of a key counts, where the key came first.
        let twice = pairs.len() == 1 && self.now_and_then();
        let shadowed = pairs.iter().take(usize::from(twice)).map(|(key, _)| (key, &b"old"[..]));
        let own = pairs.iter().map(|(key, value)| (key, &**value));
        for (key, value) in shadowed.chain(own) {
            self.space();
            self.string(key, Place::Key);
            self.text.push(b'=');
            self.string(value, Place::Value);
        }
    }

    fn string(&mut self, bytes: &[u8], place: Place) {
        let (raw, all) = (self.now_and_then(), self.now_and_then());
        if bytes == b"-" && place == Place::Optional {
            return self.text.extend_from_slice(b"\\x2d");
        }
        for &byte in bytes {
            let plain = match byte {
                b'\\' | b'\n' | b' ' | 0 => false,
                b'=' => place != Place::Key && (place != Place::Value || raw),
                b'\r' | b'\t' => raw && place != Place::Value,
                b'!'..=b'~' => true,
                _ => raw,
            };
            if plain && !all {
                self.text.push(byte);
            } else {
                self.escape(byte, all);
            }
        }
    }

    fn escape(&mut self, byte: u8, upper: bool) {
        let escape = match byte {
            b'\\' if !upper => r"\\".to_owned(),
            b'\n' => r"\n".to_owned(),
            b'\r' => r"\r".to_owned(),
            b'\t' => r"\t".to_owned(),
            _ if upper => format!("\\x{byte:02X}"),
            _ => format!("\\x{byte:02x}"),
        };
        self.text.extend_from_slice(escape.as_bytes());
    }
}
