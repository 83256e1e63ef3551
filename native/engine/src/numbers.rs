//! DynamoDB's numbers and their normal form; the same rules as `dynaseal/core/numbers.py`.

use std::borrow::Cow;

use crate::Unusual;

const MAX_DIGITS: usize = 38;
const MAX_EXPONENT: i64 = 125;
const MIN_EXPONENT: i64 = -130;
/// What an exponent of more than nine digits becomes: too large or too small in any case.
const HUGE_EXPONENT: i64 = 1_000_000_000_000;

/// Returns a number in its normal form.
pub fn normalize(number: &str) -> Result<Cow<'_, str>, Unusual> {
    if is_plain(number) {
        return Ok(Cow::Borrowed(number));
    }
    let (is_negative, unsigned) = match number.as_bytes().first() {
        Some(b'-') => (true, &number[1..]),
        Some(b'+') => (false, &number[1..]),
        _ => (false, number),
    };
    let (whole, rest) = split_digits(unsigned);
    let (part, rest) = match rest.strip_prefix('.') {
        Some(after) => split_digits(after),
        None => ("", rest),
    };
    if whole.is_empty() && part.is_empty() {
        return Err(Unusual);
    }
    let exponent = match rest.strip_prefix(['e', 'E']) {
        Some(after) => read_exponent(after)?,
        None if rest.is_empty() => 0,
        None => return Err(Unusual),
    };
    let all = [whole, part].concat();
    let digits = all.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(Cow::Borrowed("0"));
    }
    // The decimal point's position, counted from the first significant digit.
    let zeros = length(all.len() - digits.len())?;
    let point = length(whole.len())? - zeros + exponent;
    let digits = digits.trim_end_matches('0');
    if digits.len() > MAX_DIGITS || point - 1 > MAX_EXPONENT || point - 1 < MIN_EXPONENT {
        return Err(Unusual);
    }
    let sign = if is_negative { "-" } else { "" };
    Ok(Cow::Owned(format!("{sign}{}", with_point(digits, point)?)))
}

/// Whether a number is in its normal form, and of the common length.
fn is_plain(number: &str) -> bool {
    if number == "0" {
        return true;
    }
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let (whole, rest) = split_digits(unsigned);
    if whole.is_empty() || whole.starts_with('0') {
        return false;
    }
    match rest.strip_prefix('.') {
        None => rest.is_empty() && whole.len() <= MAX_DIGITS,
        Some(part) => {
            let (digits, rest) = split_digits(part);
            rest.is_empty()
                && whole.len() <= 18
                && digits.len() <= 19
                && digits.ends_with(|last: char| last != '0')
        }
    }
}

fn split_digits(string: &str) -> (&str, &str) {
    let end = string.bytes().take_while(u8::is_ascii_digit).count();
    string.split_at(end)
}

fn read_exponent(string: &str) -> Result<i64, Unusual> {
    let is_negative = string.starts_with('-');
    let unsigned = string.strip_prefix(['-', '+']).unwrap_or(string);
    let (digits, rest) = split_digits(unsigned);
    if digits.is_empty() || !rest.is_empty() {
        return Err(Unusual);
    }
    let significant = digits.trim_start_matches('0');
    let magnitude = match significant.len() {
        0 => 0,
        1..=9 => significant.parse().map_err(|_| Unusual)?,
        _ => HUGE_EXPONENT,
    };
    Ok(if is_negative { -magnitude } else { magnitude })
}

fn with_point(digits: &str, point: i64) -> Result<String, Unusual> {
    if point <= 0 {
        let zeros = usize::try_from(-point).map_err(|_| Unusual)?;
        return Ok(format!("0.{}{digits}", "0".repeat(zeros)));
    }
    let point = usize::try_from(point).map_err(|_| Unusual)?;
    Ok(if point >= digits.len() {
        format!("{digits}{}", "0".repeat(point - digits.len()))
    } else {
        format!("{}.{}", &digits[..point], &digits[point..])
    })
}

fn length(count: usize) -> Result<i64, Unusual> {
    i64::try_from(count).map_err(|_| Unusual)
}
