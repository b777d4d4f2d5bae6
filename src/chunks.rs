//! Tests of all bytes of a short string, sixteen at a time: as vectors, without a branch a byte.

/// Whether any chunk of a string passes a test that looks at each byte alone. A string shorter than
/// a chunk is filled up with `filler`; the end of a longer one is tested as its last sixteen bytes.
#[inline]
pub(crate) fn any(bytes: &[u8], filler: u8, test: impl Fn(&[u8; 16]) -> bool) -> bool {
    let Some(last) = bytes.last_chunk::<16>() else {
        let mut chunk = [filler; 16];
        if let Some(place) = chunk.get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
        }
        return test(&chunk);
    };
    let (chunks, _) = bytes.as_chunks::<16>();
    chunks.iter().any(&test) || test(last)
}
