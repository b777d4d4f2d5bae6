//! Values as JSON, in both directions: the only definition of them.

use serde_json::{Map, Value, json};

use super::error::{PatchError, PatchErrorKind};
use crate::dump::{Place, escape_into, unescape};
use crate::tree::{Inode, Mtime};

/// Bytes as JSON.
pub(super) fn bytes(value: &[u8]) -> Value {
    match str::from_utf8(value) {
        Ok(text) => Value::from(text),
        Err(_) => {
            let mut escaped = Vec::new();
            escape_into(value, Place::Path, &mut escaped);
            json!({ "escaped": String::from_utf8_lossy(&escaped) })
        }
    }
}

/// Bytes, or null.
pub(super) fn optional(value: Option<&[u8]>) -> Value {
    value.map_or(Value::Null, bytes)
}

/// The bytes that JSON stands for.
pub(super) fn to_bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Object(fields) => {
            let escaped = fields.get("escaped")?.as_str()?;
            unescape(escaped.as_bytes()).ok().map(std::borrow::Cow::into_owned)
        }
        _ => None,
    }
}

/// The bytes that JSON stands for, or none for null.
pub(super) fn to_optional(value: &Value) -> Option<Option<Vec<u8>>> {
    if value.is_null() { Some(None) } else { to_bytes(value).map(Some) }
}

/// A value before and after.
pub(super) fn both(old: impl Into<Value>, new: impl Into<Value>) -> Value {
    json!({ "old": old.into(), "new": new.into() })
}

pub(super) fn mode(permissions: u16) -> Value {
    Value::from(format!("0{permissions:03o}"))
}

pub(super) fn to_mode(value: &Value) -> Option<u16> {
    let mode = u16::from_str_radix(value.as_str()?, 8).ok()?;
    (mode <= 0o7777).then_some(mode)
}

pub(super) fn owner(uid: u32, gid: u32) -> Value {
    Value::from(format!("{uid}:{gid}"))
}

pub(super) fn to_owner(value: &Value) -> Option<(u32, u32)> {
    let (uid, gid) = value.as_str()?.split_once(':')?;
    Some((uid.parse().ok()?, gid.parse().ok()?))
}

pub(super) fn mtime(mtime: Mtime) -> Value {
    Value::from(format!("{}.{}", mtime.sec, mtime.nsec))
}

pub(super) fn to_mtime(value: &Value) -> Option<Mtime> {
    let (sec, nsec) = value.as_str()?.split_once('.')?;
    Some(Mtime { sec: sec.parse().ok()?, nsec: nsec.parse().ok()? })
}

pub(super) fn to_number(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

/// What a regular file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) size: u64,
    pub(super) content: Option<Vec<u8>>,
    pub(super) payload: Option<Vec<u8>>,
    pub(super) digest: Option<Vec<u8>>,
}

impl Held {
    pub(super) fn of(inode: &Inode<'_, '_>) -> Self {
        Self {
            size: inode.size(),
            content: inode.content().map(<[u8]>::to_vec),
            payload: inode.payload().map(<[u8]>::to_vec),
            digest: inode.digest_bytes().map(<[u8]>::to_vec),
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "size": self.size,
            "content": optional(self.content.as_deref()),
            "payload": optional(self.payload.as_deref()),
            "digest": self.digest.as_ref().map(const_hex::encode),
        })
    }

    pub(super) fn read(value: &Value) -> Option<Self> {
        let digest = match value.get("digest")? {
            Value::Null => None,
            digest => Some(const_hex::decode(digest.as_str()?).ok()?),
        };
        Some(Self {
            size: value.get("size")?.as_u64()?,
            content: to_optional(value.get("content")?)?,
            payload: to_optional(value.get("payload")?)?,
            digest,
        })
    }
}

/// A field of an object that must be there.
pub(super) fn field<'v>(
    object: &'v Value,
    name: &str,
    expected: &'static str,
) -> Result<&'v Value, PatchError> {
    object.get(name).ok_or(PatchError::new(PatchErrorKind::Expected(expected)))
}

/// An object of these fields, without those that are null.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let set = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(set.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::{bytes, to_bytes, to_mode, to_mtime, to_owner};
    use serde_json::{Value, json};

    #[test]
    fn bytes_that_are_no_utf_8_are_marked() {
        assert_eq!(bytes("é\n".as_bytes()), json!("é\n"));
        assert_eq!(bytes(b"a\xff\\"), json!({ "escaped": "a\\xff\\\\" }));
        for value in [&b"a\xff\\"[..], b"\\x41", b""] {
            assert_eq!(to_bytes(&bytes(value)).unwrap(), value);
        }
        assert_eq!(to_bytes(&json!({ "escaped": "\\q" })), None);
    }

    #[test]
    fn odd_values_are_refused() {
        let text = |text: &str| Value::from(text);
        assert_eq!(to_mode(&text("10000")), None);
        assert_eq!(to_mode(&text("0644")), Some(0o644));
        assert_eq!(to_owner(&text("1")), None);
        assert_eq!(to_mtime(&text("1.x")), None);
        assert_eq!(to_mtime(&text("-1.5")).map(|time| time.sec), Some(-1));
    }
}
