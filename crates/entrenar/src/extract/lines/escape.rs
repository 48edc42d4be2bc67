//! Escape sequences: what they do to the lines.

use super::{LineState, MAX_MOVE, Screen, WINDOW};

/// Length after which an escape sequence without an end is given up.
const MAX_ESCAPE: usize = 4096;
/// The content of operating-system commands is not looked at.
const MAX_OSC: usize = 16;

pub(super) type Parser = vte::Parser<MAX_OSC>;

impl<F: FnMut(&LineState<'_>)> Screen<'_, F> {
    /// Carries out the escape sequence at `start`; returns where the text goes on.
    pub(super) fn escape(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start;
        while let Some(byte) = bytes.get(at) {
            let length = match byte {
                0..=0x7f => 1,
                0x80..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xff => 4,
            };
            let mut ops = Ops::default();
            let piece = bytes.get(at..at + length).unwrap_or_default();
            self.parser.advance(&mut ops, piece);
            match ops.seen {
                // Text again: the sequence before it was not a complete one.
                Some(Op::Print) => return at,
                Some(Op::Control(control)) => {
                    // A control character inside a sequence acts at once.
                    match control {
                        b'\n' => self.line_feed(),
                        b'\r' => self.set_column(0),
                        8 => self.left(1),
                        _ => {}
                    }
                    at += length;
                }
                Some(Op::Escape(action)) => {
                    if action == b'M' {
                        self.set_row(self.row.saturating_sub(1));
                    }
                    return at + length;
                }
                Some(Op::Command) => return at + length,
                Some(Op::Csi(action, first)) => {
                    self.csi(action, first);
                    return at + length;
                }
                None if *byte == b'\n' || at - start > MAX_ESCAPE => {
                    // A string without an end must not swallow the text behind it.
                    self.parser = Parser::new_with_size();
                    return at;
                }
                None => at += length,
            }
        }
        at
    }

    fn csi(&mut self, action: char, first: u16) {
        let count = usize::from(first.max(1));
        match action {
            'A' => self.set_row(self.row.saturating_sub(count)),
            'B' => self.set_row(self.row + count.min(WINDOW)),
            'C' => {
                let (_, column) = self.cells();
                let column = (column + count).min(MAX_MOVE.max(column));
                self.column = Some(column);
            }
            'D' => self.left(count),
            'E' => {
                self.set_row(self.row + count.min(WINDOW));
                self.set_column(0);
            }
            'F' => {
                self.set_row(self.row.saturating_sub(count));
                self.set_column(0);
            }
            'G' => self.set_column(count - 1),
            'K' => self.erase_line(first),
            'J' if first == 0 => {
                self.erase_line(0);
                self.rows.truncate(self.row + 1);
            }
            'J' | 'H' | 'f' => self.clear(),
            _ => {}
        }
    }
}

enum Op {
    Print,
    Control(u8),
    Escape(u8),
    Command,
    Csi(char, u16),
}

/// Takes the one thing that a byte completed.
#[derive(Default)]
struct Ops {
    seen: Option<Op>,
}

impl vte::Perform for Ops {
    fn print(&mut self, _character: char) {
        self.seen = Some(Op::Print);
    }

    fn execute(&mut self, byte: u8) {
        self.seen = Some(Op::Control(byte));
    }

    fn osc_dispatch(&mut self, _params: &[&[u8]], bell_terminated: bool) {
        // Otherwise an escape ends the string, and its own dispatch follows.
        if bell_terminated {
            self.seen = Some(Op::Command);
        }
    }

    fn csi_dispatch(
        &mut self,
        params: &vte::Params,
        intermediates: &[u8],
        _ignore: bool,
        action: char,
    ) {
        let first = params.iter().next().and_then(|p| p.first()).copied();
        // Private sequences (`?25l`) draw nothing.
        let action = if intermediates.is_empty() {
            action
        } else {
            'm'
        };
        self.seen = Some(Op::Csi(action, first.unwrap_or(0)));
    }

    fn esc_dispatch(&mut self, _intermediates: &[u8], _ignore: bool, byte: u8) {
        self.seen = Some(Op::Escape(byte));
    }
}
