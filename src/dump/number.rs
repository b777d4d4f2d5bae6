//! Digits to numbers.

/// The value of decimal digits; `None` if it does not fit 64 bits.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    value(digits, 10)
}

/// The value of octal digits; `None` if it does not fit 64 bits.
pub(super) fn octal(digits: &[u8]) -> Option<u64> {
    value(digits, 8)
}

fn value(digits: &[u8], base: u64) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, &digit| {
        value.checked_mul(base)?.checked_add(u64::from(digit.wrapping_sub(b'0')))
    })
}

/// A sign and decimal digits as a signed number; `None` if it does not fit 64 bits.
pub(super) fn signed(negative: bool, digits: &[u8]) -> Option<i64> {
    let magnitude = decimal(digits)?;
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}
