//! What each code means, in a few sentences.

use super::error::Code;

/// Says what is wrong, why it matters and how to mend it, in two to four sentences.
///
/// # Example
/// ```
/// use cfs::dump::{Code, explain};
/// assert!(explain(Code::Crlf).contains("carriage return"));
/// ```
#[must_use]
pub const fn explain(code: Code) -> &'static str {
    match code {
        // The text and its lines.
        Code::ByteOrderMark => {
            "The text begins with the bytes EF BB BF, which some editors add. They would become \
             part of the first path, so the dump would have no root. Save the text without a \
             byte-order mark."
        }
        Code::NulByte => {
            "A line holds a raw NUL byte. The reference cuts strings there, so no tool could tell \
             what is meant. Write a NUL in CONTENT or in an xattr value as \\x00; nowhere else \
             can there be one."
        }
        Code::Crlf => {
            "A line ends in a carriage return and a line feed. The carriage return would become \
             part of the last field: a digest with stray bytes, or a changed xattr value. Convert \
             the line ends to single line feeds."
        }
        Code::EmptyLine => {
            "A line has no bytes. A dump has no blank lines and no comments; every line is an \
             entry. Remove the line."
        }
        Code::NoFinalNewline => {
            "The last line does not end in a line feed. The text may have been cut short. If it \
             is whole, end it with a line feed."
        }
        Code::MissingField => {
            "A line has fewer than the eleven fixed fields. Up to MTIME, or for a hard link up \
             to PAYLOAD, they are needed; later ones count as empty when they are missing. Write \
             an unset PAYLOAD, CONTENT or DIGEST as \"-\"."
        }
        Code::TrailingSpace => {
            "A line ends in a space. Fields are separated by single spaces, so a field is missing \
             behind it, or the space is too much. Remove it."
        }
        Code::EmptyField => {
            "PAYLOAD, CONTENT or DIGEST has no bytes: two spaces stand in a row. An unset field \
             is written \"-\", and readers differ in what they make of an empty one. Write \"-\"."
        }
        Code::BadEscape => {
            "A backslash is not followed by what makes an escape. The escapes are \\\\, \\n, \
             \\r, \\t, and \\x with exactly two hex digits. Write a backslash itself as \\\\."
        }
        Code::UnescapedByte => {
            "A string holds a raw byte that writers escape: a control byte, or one outside ASCII. \
             It is taken as it is, but other readers want UTF-8, and terminals may act on it. \
             Write it as \\x and two hex digits."
        }
        Code::BadNumber => {
            "A field should be a number, and is not. Numbers are decimal, MODE is octal, and MTIME \
             is seconds, a dot and nanoseconds. There is no unset number: write 0."
        }
        Code::NumberSpelling => {
            "A number has a plus sign, needless leading zeros, or is a negative zero. The value is \
             clear, but no writer spells it so. A leading zero does not make a number octal, and \
             the nanoseconds of MTIME are a count, not a fraction."
        }
        Code::NumberRange => {
            "A number is larger than what its field can hold. The reference keeps the low bits \
             and so stores another number. SIZE has 64 bits, the seconds of MTIME have 64 with a \
             sign, all other numbers have 32."
        }
        Code::NsecRange => {
            "MTIME has a billion nanoseconds or more. An image can hold that, but it is no time of \
             day. Carry the surplus into the seconds."
        }
        Code::TooManyEntries => {
            "The dump has more entries than can be numbered. An image counts its inodes in 32 \
             bits. Split the tree into several images."
        }

        // Paths, the tree and hard links.
        Code::PathEmpty => {
            "PATH has no bytes: the line begins with a space. Every entry needs a path. Remove the \
             space, or write the path."
        }
        Code::PathNul => {
            "A path holds an escaped NUL. No file name can have one, and the reference cuts the \
             path there, so two spellings could mean one file. Remove it."
        }
        Code::PathRelative => {
            "A path does not begin with a slash. It is taken from the root. Write the slash."
        }
        Code::PathDoubleSlash => "A path has two slashes in a row. They count as one. Write one.",
        Code::PathTrailingSlash => {
            "A path ends in a slash. In PATH the last name is then missing; in the target of a \
             hard link the slash is ignored. Remove it."
        }
        Code::PathDot => {
            "A name in a path is \".\" or \"..\". Paths are looked up by name, so these would be \
             names of files, which cannot be. Write the path without them."
        }
        Code::NameTooLong => {
            "A name in a path has more than 255 bytes, counted after unescaping. Neither an image \
             nor the kernel can hold it. Shorten the name."
        }
        Code::PathTooLong => {
            "A path has more than 4095 bytes, counted after unescaping. An image can hold it, but \
             programs cannot open it by its path. Make the tree less deep."
        }
        Code::NoRoot => {
            "The first entry is not the root \"/\", or there is no entry. The root carries its own \
             owner, mode and xattrs, so it cannot be guessed. Begin with a line for \"/\"."
        }
        Code::RootDuplicate => {
            "The root is given twice. It is unclear which line counts; two dumps may have been put \
             one behind the other. Keep one."
        }
        Code::RootNotDirectory => {
            "The root is not a directory. Nothing could lie in it. Give it the mode of a \
             directory, such as 40755."
        }
        Code::ParentMissing => {
            "The directory of an entry has not been given yet. It carries its own owner, mode and \
             xattrs, so it cannot be guessed. Give each directory before what is in it."
        }
        Code::ParentNotDirectory => {
            "An entry lies below something that is no directory: a file, a symlink or a hard link. \
             Symlinks are not followed in PATH. Correct the path, or the mode of the parent."
        }
        Code::DuplicatePath => {
            "A path is given twice. It is unclear which line counts, and readers differ. Remove \
             one of the lines."
        }
        Code::HardlinkDirectory => {
            "A line with \"@\" before MODE is a hard link, and its MODE is that of a directory. A \
             directory has one name. Give the target's mode, or remove the \"@\"."
        }
        Code::HardlinkTypeless => {
            "MODE of a hard link has no file type. It is not used, but the reference refuses it. \
             Write the target's mode, such as @100644."
        }
        Code::HardlinkNoTarget => {
            "A hard link does not say what it links to. The path of the target stands in PAYLOAD, \
             the ninth field. The root, which some readers take instead, cannot be a target."
        }
        Code::HardlinkMissing => {
            "The target of a hard link is not in the dump. It may be given on a later line, but \
             under this very path. Correct the path, or add the target."
        }
        Code::HardlinkSelf => {
            "A hard link leads to its own path. It has no inode then. Name another path, or remove \
             the \"@\" to make it an entry of its own."
        }
        Code::HardlinkToDirectory => {
            "A hard link leads to a directory. The reference writes an image with two names for \
             it, which no one can read. Copy the directory, or use a symlink."
        }
        Code::HardlinkCycle => {
            "Hard links lead to one another in a circle. None of them has an inode, and the \
             reference may never end. Make one of them an entry of its own."
        }
        Code::HardlinkChain => {
            "A hard link leads to another hard link. Both become names of the same inode. Name \
             the entry that carries it."
        }
        Code::CarrierMoved => {
            "The line that carries the inode of a hard link is not the first of its names in walk \
             order. The canonical form swaps their roles, and inodes are numbered by where the \
             carrying name lies, so the bytes and the digest of the image change. What the image \
             means stays the same."
        }

        // What the fields say of an inode.
        Code::BadMode => {
            "The file type in MODE is not one of the seven. The digits above the four of the \
             permissions are 1 for a FIFO, 2 for a character device, 4 for a directory, 6 for a \
             block device, 10 for a regular file, 12 for a symlink and 14 for a socket. So a \
             file's mode is 100644, not 644."
        }
        Code::ModeExtraBits => {
            "MODE has bits above the lowest 16. They have no meaning and are dropped. Write the \
             file type and the permissions only."
        }
        Code::SizeTooBig => {
            "An external file has more than 2^53 bytes. An image cannot describe it, as the \
             chunks of such a file do not fit one inode. Correct SIZE."
        }
        Code::SizeIgnored => "A device, FIFO or socket has a SIZE. Images keep 0 there. Write 0.",
        Code::SymlinkSize => {
            "SIZE of a symlink is not the length of its target, counted after unescaping. An \
             image keeps the length, whatever SIZE says. Write the length."
        }
        Code::RdevIgnored => {
            "Something that is no device has a device number. It is dropped. Write 0, or correct \
             the file type in MODE."
        }
        Code::SymlinkNoTarget => {
            "A symlink has no target. The target stands in PAYLOAD and has 1 to 4095 bytes. Write \
             a target of one dash as \\x2d."
        }
        Code::PayloadNul => {
            "PAYLOAD holds an escaped NUL. No path can have one, and the reference cuts the value \
             there. Remove it."
        }
        Code::PayloadTooLong => {
            "PAYLOAD has more than 4095 bytes, counted after unescaping. That is the longest path \
             a kernel takes. Shorten it."
        }
        Code::PayloadIgnored => {
            "PAYLOAD is set where it means nothing: only symlinks and external files, which have \
             a SIZE above 0 and no CONTENT, keep one. It is dropped. Write \"-\"."
        }
        Code::ContentSize => {
            "CONTENT does not have the length that SIZE says, counted after unescaping. An empty or \
             missing CONTENT has length 0. Correct one of them; \"-\" says that there is no \
             content here."
        }
        Code::ContentTooLong => {
            "CONTENT has more than 5000 bytes, counted after unescaping. Images hold only small \
             files themselves. Store the content as an object, and name it in PAYLOAD and DIGEST."
        }
        Code::ContentIgnored => {
            "Something that is no regular file has CONTENT. It is dropped. Write \"-\"; the target \
             of a symlink stands in PAYLOAD."
        }
        Code::BadDigest => {
            "DIGEST is not an fs-verity digest: 64 hex digits for SHA-256 or 128 for SHA-512, \
             without a prefix. The reference fills up a short one with whatever lies in memory. \
             Write the whole digest, or \"-\"."
        }
        Code::DigestCase => {
            "DIGEST has hex digits in upper case. The value is clear, but objects are named in \
             lower case. Write lower case."
        }
        Code::DigestIgnored => {
            "DIGEST is set where it means nothing: only an external file, which has a SIZE above 0 \
             and no CONTENT, keeps one. It is dropped. Write \"-\"."
        }
        Code::MixedDigests => {
            "Some digests of the tree are SHA-256 and others SHA-512. Images of version 2 name one \
             algorithm for all files, so they cannot hold such a tree. Compute all digests with \
             the same algorithm."
        }

        // Xattrs.
        Code::XattrNoEquals => {
            "A field behind DIGEST is an xattr, and has no equals sign. Two spaces in a row make \
             an xattr of no bytes. Write KEY=VALUE, and a space in either of them as \\x20."
        }
        Code::XattrKeyEmpty => {
            "An xattr has no key before its equals sign. No file can have such an xattr. Write \
             the key; an equals sign in a key is \\x3d."
        }
        Code::XattrKeyNul => {
            "The key of an xattr holds an escaped NUL. No key can have one, and the reference \
             cuts the key there. Remove it; values may hold NUL."
        }
        Code::XattrKeyTooLong => {
            "The key of an xattr has more than 255 bytes, counted after unescaping. No kernel \
             takes it. Shorten it."
        }
        Code::XattrTooBig => {
            "The xattrs of an entry need more than 32767 bytes. They are counted as 12, and for \
             each xattr 7 and the lengths of key and value. Drop or shorten some."
        }
        Code::XattrDuplicate => {
            "An xattr has the key of an earlier one on the same line. The later value counts here; \
             other readers take the greater one. Remove one of them."
        }
        Code::XattrReserved => {
            "An xattr has a key by which images mark overlayfs whiteouts. On a regular file \
             trusted.overlay.whiteout would make a device of it; the other such keys are lost on \
             the way through an image. Remove the xattr; a whiteout is a character device with \
             RDEV 0."
        }
    }
}
