//! Digits to numbers.

/// The value of digits; `None` if it does not fit 64 bits.
pub(super) fn value(digits: &[u8], radix: u64) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, &digit| {
        value.checked_mul(radix)?.checked_add(u64::from(digit.wrapping_sub(b'0')))
    })
}

/// A decimal number, negative or not; `None` if it does not fit 64 bits with a sign.
pub(super) fn signed(negative: bool, digits: &[u8]) -> Option<i64> {
    let magnitude = value(digits, 10)?;
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}
