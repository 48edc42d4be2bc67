//! Which characters a line has: a grammar that needs one of them is not asked where it is not.

/// A set of kinds of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks(u16);

impl Marks {
    pub(super) const DIGIT: Self = Self(1);
    pub(super) const EQUALS: Self = Self(1 << 1);
    pub(super) const COLON: Self = Self(1 << 2);
    /// An opening parenthesis.
    pub(super) const PARENTHESIS: Self = Self(1 << 3);
    /// An opening bracket.
    pub(super) const BRACKET: Self = Self(1 << 4);
    /// An opening brace.
    pub(super) const BRACE: Self = Self(1 << 5);
    pub(super) const SLASH: Self = Self(1 << 6);
    pub(super) const PERCENT: Self = Self(1 << 7);
    /// A vertical bar.
    pub(super) const BAR: Self = Self(1 << 8);
    /// A character beyond ASCII.
    pub(super) const WIDE: Self = Self(1 << 9);
    /// Something that is not a blank.
    pub(super) const INK: Self = Self(1 << 10);
    /// `n` or `N`: `nan` and `inf` have one.
    pub(super) const N: Self = Self(1 << 11);
    pub(super) const COMMA: Self = Self(1 << 12);

    /// The marks of `text`.
    pub(super) fn of(text: &str) -> Self {
        Self(text.bytes().fold(0, |marks, byte| marks | kind(byte)))
    }

    /// Whether one of `marks` is there.
    pub(super) fn any(self, marks: Self) -> bool {
        self.0 & marks.0 != 0
    }

    /// Whether all of `marks` are there.
    pub(super) fn all(self, marks: Self) -> bool {
        self.0 & marks.0 == marks.0
    }

    /// The marks of both sets.
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn of_byte(byte: u8) -> Self {
        let mark = match byte {
            b'0'..=b'9' => Self::DIGIT,
            b'=' => Self::EQUALS,
            b':' => Self::COLON,
            b'(' => Self::PARENTHESIS,
            b'[' => Self::BRACKET,
            b'{' => Self::BRACE,
            b'/' => Self::SLASH,
            b'%' => Self::PERCENT,
            b'|' => Self::BAR,
            b',' => Self::COMMA,
            b'n' | b'N' => Self::N,
            0x80.. => Self::WIDE,
            b' ' | b'\t'..=b'\r' => return Self(0),
            _ => Self::INK,
        };
        mark.or(Self::INK)
    }
}

#[expect(clippy::indexing_slicing, reason = "there is an entry for each byte")]
const KINDS: [u16; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    loop {
        kinds[byte as usize] = Marks::of_byte(byte).0;
        if byte == u8::MAX {
            break kinds;
        }
        byte += 1;
    }
};

#[expect(clippy::indexing_slicing, reason = "there is an entry for each byte")]
fn kind(byte: u8) -> u16 {
    KINDS[usize::from(byte)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_marks() {
        let marks = Marks::of(" a=1 [");
        assert!(marks.all(Marks::DIGIT.or(Marks::EQUALS).or(Marks::BRACKET)));
        assert!(!marks.any(Marks::COLON.or(Marks::WIDE).or(Marks::N)));
        assert!(Marks::of("é").all(Marks::WIDE.or(Marks::INK)));
        assert!(!Marks::of(" \t\r\n").any(Marks::INK));
    }
}
