//! What is compared, as the options say.

use super::unknown;
use crate::cli::args::DiffArgs;
use crate::cli::failure::Failure;
use crate::diff::{Attribute, Attributes, Names, Noise, Options, XattrRule};

/// Attributes as they are typed.
#[derive(Default)]
struct Typed {
    attributes: Attributes,
    xattrs: Vec<Vec<u8>>,
    names: bool,
}

/// What the options ask for.
pub(super) fn options(args: &DiffArgs) -> Result<Options, Failure> {
    let noise = if args.all { Noise::Shown } else { Noise::Hidden };
    if !args.only.is_empty() {
        let typed = Typed::read("--only", &args.only)?;
        let all_xattrs = typed.attributes.contains(Attribute::Xattr);
        let some_xattrs = !typed.xattrs.is_empty();
        let mut wanted = typed.attributes;
        if some_xattrs {
            wanted = wanted.with(Attribute::Xattr.into());
        }
        return Ok(Options {
            ignore: Attributes::ALL.without(wanted),
            xattrs: if all_xattrs || !some_xattrs {
                XattrRule::All
            } else {
                XattrRule::Only(typed.xattrs)
            },
            names: if typed.names { Names::Compared } else { Names::Ignored },
            noise,
        });
    }
    let typed = Typed::read("--ignore", &args.ignore)?;
    let unseen = if args.semantic { Attributes::UNSEEN } else { Attributes::NONE };
    Ok(Options {
        ignore: typed.attributes.with(unseen.without(Attributes::NOISE)),
        xattrs: if typed.xattrs.is_empty() {
            XattrRule::All
        } else {
            XattrRule::Except(typed.xattrs)
        },
        names: if typed.names { Names::Ignored } else { Names::Compared },
        noise,
    })
}

impl Typed {
    fn read(option: &str, words: &[String]) -> Result<Self, Failure> {
        let mut typed = Self::default();
        for word in words {
            if word == "names" {
                typed.names = true;
            } else if let Some(pattern) = word.strip_prefix("xattr:") {
                typed.xattrs.push(pattern.as_bytes().to_vec());
            } else if let Some(attribute) = Attribute::from_name(word) {
                typed.attributes = typed.attributes.with(attribute.into());
            } else {
                return Err(unknown(option, word, &known()));
            }
        }
        Ok(typed)
    }
}

fn known() -> String {
    let names = Attribute::ALL.map(Attribute::name).join(", ");
    format!("there are {names}, xattr:NAME and names")
}
