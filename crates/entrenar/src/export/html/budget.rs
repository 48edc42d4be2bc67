use std::borrow::Cow;

/// What may still be put on the page, in bytes.
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    /// Takes `bytes` if there is room for them.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// The begin and, where it is too long, the end of `text`, and how many bytes between them
    /// are left out.
    pub(super) fn cut<'a>(&mut self, text: &'a str, limit: usize) -> Cut<'a> {
        // Escaping makes text longer: five bytes for one in the worst case.
        let limit = limit.min(self.left / 5);
        let cut = Cut::of(text, limit);
        self.left -= (cut.begin.len() + cut.end.len()).min(self.left);
        cut
    }
}

/// A text, perhaps without its middle.
pub(super) struct Cut<'a> {
    pub(super) begin: &'a str,
    pub(super) left_out: usize,
    pub(super) end: &'a str,
}

impl<'a> Cut<'a> {
    fn of(text: &'a str, limit: usize) -> Self {
        if text.len() <= limit {
            return Self {
                begin: text,
                left_out: 0,
                end: "",
            };
        }
        let begin = text.get(..floor(text, limit / 3 * 2)).unwrap_or_default();
        let end_at = floor(text, text.len() - limit / 3);
        let end = text.get(end_at..).unwrap_or_default();
        // Whole lines where there are any.
        let begin = begin
            .rfind('\n')
            .and_then(|at| begin.get(..=at))
            .unwrap_or(begin);
        let end = end
            .find('\n')
            .and_then(|at| end.get(at + 1..))
            .unwrap_or(end);
        Self {
            begin,
            left_out: text.len() - begin.len() - end.len(),
            end,
        }
    }

    /// The note that stands for what is left out; `None` where nothing is.
    pub(super) fn note(&self) -> Option<Cow<'static, str>> {
        (self.left_out > 0).then(|| {
            Cow::Owned(format!(
                "{} bytes are not shown here; they are in the notebook and in source/",
                super::format::grouped(self.left_out)
            ))
        })
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_begin_and_end_on_whole_lines() {
        let text = "äb\n".repeat(1000);
        let cut = Cut::of(&text, 300);
        assert!(cut.begin.ends_with('\n') && cut.end.starts_with('ä'));
        assert_eq!(cut.begin.len() + cut.end.len() + cut.left_out, text.len());
        assert!(cut.begin.len() + cut.end.len() <= 300 && cut.left_out > 3000);
        assert_eq!(Cut::of(&text, 5000).left_out, 0);
        assert_eq!(Cut::of(&text, 0).left_out, text.len());
    }
}
