use chrono::{Datelike as _, NaiveDate};

use crate::research::ValidationError;

/// Reads a day, `YYYY-MM-DD`, from the year 1 to 9999 (what all formats can say).
///
/// # Errors
/// If it has not that form, or there is no such day.
pub fn parse_day(text: &str) -> Result<NaiveDate, ValidationError> {
    let error = |reason| ValidationError::InvalidDate {
        given: text.to_owned(),
        reason,
    };
    let text = text.trim();
    let form = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !form {
        return Err(error("write it as 2026-11-22"));
    }
    let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") else {
        return Err(error("the calendar has no such day"));
    };
    if day.year() < 1 {
        return Err(error("there is no year 0"));
    }
    Ok(day)
}

/// An address of one `@` between two texts without spaces.
pub(in crate::research) fn parse_email(text: &str) -> Result<String, ValidationError> {
    let text = text.trim();
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "<>@\"".contains(c))
    };
    match text.split_once('@') {
        Some((local, host)) if plain(local) && plain(host) => Ok(text.to_owned()),
        _ => Err(ValidationError::InvalidEmail {
            given: text.to_owned(),
        }),
    }
}
