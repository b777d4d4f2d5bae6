//! A tree in words: its canonical dump.

use std::fmt;

use crate::canon::canonicalise;
use crate::dump;
use crate::tree::Tree;

/// The canonical dump, as `cfs dump` prints it: a line for each name.
///
/// # Example
/// ```
/// use cfs::dump;
/// let text = b"/ 0 40755 2 0 0 0 0.0 - - -\n";
/// let tree = dump::parse(text, &dump::Options::default())?.tree;
/// assert_eq!(tree.to_string(), "/ 4096 40755 2 0 0 0 0.0 - - -\n");
/// # Ok::<(), dump::ParseError>(())
/// ```
impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut canonical = self.clone();
        canonicalise(&mut canonical);
        dump::print_to(&canonical, &[], |piece| {
            // A dump is ASCII.
            f.write_str(str::from_utf8(piece).map_err(|_| fmt::Error)?)
        })
    }
}
