//! The digest as a value: which algorithm, which bytes, which name in a store.
use std::fmt;

/// A hash function that fs-verity can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256: 32-byte digests, the only one the C tools know.
    Sha256,
    /// SHA-512: 64-byte digests.
    Sha512,
}

impl Algorithm {
    /// Bytes in a digest: 32 or 64.
    ///
    /// # Example
    /// ```
    /// assert_eq!(cfs::verity::Algorithm::Sha512.digest_len(), 64);
    /// ```
    #[must_use]
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The name that `fsverity digest` takes and prints: `sha256` or `sha512`.
    ///
    /// # Example
    /// ```
    /// assert_eq!(cfs::verity::Algorithm::Sha256.name(), "sha256");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The number in descriptors, ioctls and overlayfs xattrs: 1 or 2.
    ///
    /// # Example
    /// ```
    /// assert_eq!(cfs::verity::Algorithm::Sha512.id(), 2);
    /// ```
    ///
    /// # Source
    /// `FS_VERITY_HASH_ALG_*` in Linux `include/uapi/linux/fsverity.h`.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::Sha256 => 1,
            Self::Sha512 => 2,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An fs-verity file digest: 32 or 64 bytes, and the algorithm that made them.
///
/// Printed as lower-case hex. Ordered by algorithm, then by bytes.
///
/// # Example
/// ```
/// let digest = cfs::verity::Digest::from_bytes(&[0xab; 32]).ok_or("32 bytes are a SHA-256")?;
/// assert_eq!(digest.to_string(), "ab".repeat(32));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    /// Zero past the algorithm's length, so that equal digests have equal bytes.
    bytes: [u8; 64],
}

impl Digest {
    /// Makes a digest of its raw bytes; the algorithm is told by the length.
    ///
    /// `None` unless there are exactly 32 (SHA-256) or 64 (SHA-512) bytes.
    ///
    /// # Example
    /// ```
    /// use cfs::verity::{Algorithm, Digest};
    /// assert_eq!(Digest::from_bytes(&[7; 64]).map(|d| d.algorithm()), Some(Algorithm::Sha512));
    /// assert_eq!(Digest::from_bytes(&[7; 33]), None);
    /// ```
    #[must_use]
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        match raw.len() {
            32 => raw.try_into().ok().map(Self::sha256),
            64 => raw.try_into().ok().map(Self::sha512),
            _ => None,
        }
    }

    /// The raw bytes: 32 or 64 of them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.split_at(self.algorithm.digest_len()).0
    }

    /// The hash function behind it.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Where a store keeps the object: two hex digits, `/`, the other 62 or 126, lower case.
    ///
    /// # Example
    /// ```
    /// let empty = cfs::verity::digest(cfs::verity::Algorithm::Sha256, b"");
    /// assert!(empty.object_path().starts_with("3d/248ca542"));
    /// ```
    ///
    /// # Source
    /// `digest_to_path` in composefs `libcomposefs/lcfs-writer.c`.
    #[must_use]
    pub fn object_path(&self) -> String {
        let mut path = const_hex::encode(self.as_bytes());
        path.insert(2, '/');
        path
    }

    pub(super) const fn sha512(bytes: [u8; 64]) -> Self {
        Self { algorithm: Algorithm::Sha512, bytes }
    }

    pub(super) fn sha256(raw: [u8; 32]) -> Self {
        let mut bytes = [0; 64];
        bytes.split_at_mut(32).0.copy_from_slice(&raw);
        Self { algorithm: Algorithm::Sha256, bytes }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const_hex::display(self.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{self}", self.algorithm)
    }
}
