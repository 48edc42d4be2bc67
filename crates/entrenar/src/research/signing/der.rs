//! DER (ITU-T X.690), as much of it as certificates and timestamps need: definite lengths, low
//! tag numbers. A reader walks a slice and copies nothing; nothing recurses.

/// Universal tags, with the constructed bit where it belongs.
pub(super) mod tag {
    pub(in super::super) const BOOLEAN: u8 = 0x01;
    pub(in super::super) const INTEGER: u8 = 0x02;
    pub(in super::super) const BIT_STRING: u8 = 0x03;
    pub(in super::super) const OCTET_STRING: u8 = 0x04;
    pub(in super::super) const NULL: u8 = 0x05;
    pub(in super::super) const OID: u8 = 0x06;
    pub(in super::super) const GENERALIZED_TIME: u8 = 0x18;
    pub(in super::super) const SEQUENCE: u8 = 0x30;
    pub(in super::super) const SET: u8 = 0x31;

    /// `[number]`, constructed.
    pub(in super::super) const fn context(number: u8) -> u8 {
        0xa0 | number
    }
}

/// The bytes are no DER, or not of the form that is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {reason}")]
pub struct DerError {
    /// Where, in bytes from the start of the file.
    pub at: usize,
    /// What is wrong there.
    pub reason: String,
}

/// Reads one element after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// Where `rest` begins in the file.
    at: usize,
}

/// One element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// Tag, length and content.
    pub(super) whole: &'a [u8],
    content_at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> DerError {
        DerError {
            at: self.at,
            reason: reason.into(),
        }
    }

    /// The tag of the next element.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is.
    pub(super) fn any(&mut self) -> Result<Element<'a>, DerError> {
        let cut = || self.error("the data end within an element");
        let (&tag, rest) = self.rest.split_first().ok_or_else(cut)?;
        if tag & 0x1f == 0x1f {
            return Err(self.error("a tag of several bytes"));
        }
        let (&first, rest) = rest.split_first().ok_or_else(cut)?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest
                    .split_at_checked(usize::from(first & 0x7f))
                    .ok_or_else(cut)?;
                let length = digits
                    .iter()
                    .fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
                if digits.first() == Some(&0) || length < 0x80 {
                    return Err(self.error("a length that is not as short as it can be"));
                }
                (usize::try_from(length).unwrap_or(usize::MAX), rest)
            }
            0x80 => return Err(self.error("an indefinite length: this is BER and not DER")),
            _ => return Err(self.error("a length beyond any file")),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        let used = self.rest.len() - rest.len();
        let whole = self.rest.get(..used).unwrap_or_default();
        let element = Element {
            tag,
            content,
            whole,
            content_at: self.at + used - length,
        };
        self.rest = rest;
        self.at += used;
        Ok(element)
    }

    /// The next element, which has to be of that tag.
    pub(super) fn expect(&mut self, tag: u8, what: &str) -> Result<Element<'a>, DerError> {
        match self.peek() {
            Some(found) if found == tag => self.any(),
            Some(found) => Err(self.error(format!(
                "{what} (tag {tag:#04x}) is expected, and this has the tag {found:#04x}"
            ))),
            None => Err(self.error(format!("{what} is missing"))),
        }
    }

    /// The next element, if it is of that tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, DerError> {
        if self.peek() == Some(tag) {
            self.any().map(Some)
        } else {
            Ok(None)
        }
    }

    /// The elements of the next one, which has to be of that tag.
    pub(super) fn enter(&mut self, tag: u8, what: &str) -> Result<Self, DerError> {
        Ok(self.expect(tag, what)?.inside())
    }

    pub(super) fn sequence(&mut self, what: &str) -> Result<Self, DerError> {
        self.enter(tag::SEQUENCE, what)
    }

    /// A small number that is not negative.
    pub(super) fn small(&mut self, what: &str) -> Result<u32, DerError> {
        let at = *self;
        let content = self.expect(tag::INTEGER, what)?.content;
        match content {
            [high, ..] if *high < 0x80 && content.len() <= 4 => Ok(content
                .iter()
                .fold(0, |number, byte| number << 8 | u32::from(*byte))),
            _ => Err(at.error(format!("{what} is not a number from 0 to 2147483647"))),
        }
    }

    /// Fails if anything is left.
    pub(super) fn end(&self, what: &str) -> Result<(), DerError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.error(format!("nothing should follow in {what}")))
        }
    }
}

impl<'a> Element<'a> {
    pub(super) fn inside(self) -> Reader<'a> {
        Reader {
            rest: self.content,
            at: self.content_at,
        }
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> DerError {
        self.inside().error(reason)
    }
}

/// An element of that tag and content.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => bytes.push(short),
        _ => {
            let digits: Vec<u8> = u64::try_from(length)
                .unwrap_or(u64::MAX)
                .to_le_bytes()
                .into_iter()
                .collect();
            let used = digits.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
            bytes.push(0x80 | u8::try_from(used).unwrap_or(0x7f));
            bytes.extend(digits.iter().take(used).rev());
        }
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// An INTEGER that is not negative, of its big-endian bytes.
pub(super) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let start = bytes
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bytes.len().saturating_sub(1));
    let digits = bytes.get(start..).unwrap_or_default();
    let sign: &[u8] = match digits.first() {
        Some(0..=0x7f) => &[],
        _ => &[0],
    };
    element(tag::INTEGER, &[sign, digits])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_numbers_are_the_shortest() {
        assert_eq!(element(tag::OCTET_STRING, &[&[7; 3]]), [4, 3, 7, 7, 7]);
        assert_eq!(element(4, &[&[0; 200]])[..3], [4, 0x81, 200]);
        assert_eq!(element(4, &[&[0; 1000]])[..4], [4, 0x82, 3, 232]);
        assert_eq!(unsigned(&[0, 0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
        assert_eq!(unsigned(&[]), [2, 1, 0]);
    }

    #[test]
    fn reads_what_it_wrote_and_names_the_byte_that_is_wrong() {
        let inner = element(4, &[&[9; 300]]);
        let bytes = element(tag::SEQUENCE, &[&unsigned(&[5]), &inner]);
        let mut reader = Reader::new(&bytes);
        let mut sequence = reader.sequence("all").unwrap();
        reader.end("the file").unwrap();
        assert_eq!(sequence.small("number").unwrap(), 5);
        assert_eq!(sequence.any().unwrap().whole, inner);
        let error = |bytes: &[u8]| Reader::new(bytes).any().unwrap_err().to_string();
        assert_eq!(error(&[0x30]), "byte 0: the data end within an element");
        assert_eq!(
            error(&[0x30, 5, 1]),
            "byte 0: the data end within an element"
        );
        assert_eq!(
            error(&[0x30, 0x80, 0, 0]),
            "byte 0: an indefinite length: this is BER and not DER"
        );
        assert_eq!(
            error(&[0x30, 0x81, 5]),
            "byte 0: a length that is not as short as it can be"
        );
        assert_eq!(
            error(&[0x30, 0x85, 1, 1, 1, 1, 1]),
            "byte 0: a length beyond any file"
        );
        let mut sequence = Reader::new(&bytes).sequence("all").unwrap();
        let error = sequence.expect(tag::OID, "an algorithm").unwrap_err();
        assert_eq!(
            error.to_string(),
            "byte 4: an algorithm (tag 0x06) is expected, and this has the tag 0x02"
        );
    }
}
