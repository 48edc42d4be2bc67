//! The one layer through which everything is printed.
//!
//! Text is put into a [`Line`], which makes control characters, terminal escapes and
//! direction marks visible before it keeps them: whatever a session holds, no escape sequence
//! of its reaches the terminal. Colours are added on the way out, on terminals only.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal as _, Write};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// A heading or the main thing of a line.
    Strong,
    /// Something of lesser weight.
    Dim,
    /// An identifier that can be copied into a command.
    Id,
    /// It went well.
    Good,
    /// Worth a look.
    Warning,
    /// It failed.
    Bad,
    /// The n-th series of a chart.
    Series(usize),
    /// The raw values behind the n-th series.
    FaintSeries(usize),
}

/// SGR parameters of the series' colours, readable on dark and light grounds.
const SERIES_COLOURS: [&str; 6] = ["36", "33", "35", "32", "34", "31"];

impl Tone {
    fn sgr(self) -> Cow<'static, str> {
        let series = |n: usize| {
            SERIES_COLOURS
                .get(n % SERIES_COLOURS.len())
                .copied()
                .unwrap_or("36")
        };
        match self {
            Self::Plain => "".into(),
            Self::Strong => "1".into(),
            Self::Dim => "2".into(),
            Self::Id => "36".into(),
            Self::Good => "32".into(),
            Self::Warning => "33".into(),
            Self::Bad => "1;31".into(),
            Self::Series(n) => series(n).into(),
            Self::FaintSeries(n) => format!("2;{}", series(n)).into(),
        }
    }
}

/// Makes everything visible that a terminal would obey instead of show: controls become their
/// pictures (`␛`), C1 controls, direction marks and invisible format characters their number
/// (`\u{202e}`). A tab becomes spaces.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("    "),
            '\u{7f}' => shown.push('␡'),
            '\0'..='\u{1f}' => shown.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('␦')),
            c if is_harmless(c) => shown.push(c),
            c => shown.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(shown)
}

fn is_harmless(c: char) -> bool {
    !(c.is_control() || is_hidden_format(c))
}

/// Characters that change the direction of the text around them, break lines or show nothing.
/// (The joiners U+200C and U+200D are part of ordinary words and emoji.)
pub(crate) fn is_hidden_format(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// The text of a cell's output as a terminal would leave it on its lines: colour sequences are
/// left out and a line that was redrawn shows its last state. All else is kept for
/// [`visible`].
pub(crate) fn settled(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().map(|line| {
        let line = line.trim_end_matches('\r');
        overwritten(&without_colours(line))
    })
}

/// What is seen of a line whose begin was written again after each carriage return.
fn overwritten(line: &str) -> String {
    let mut states = line.split('\r');
    let mut seen = states.next().unwrap_or_default().to_owned();
    for state in states {
        let behind: String = seen.chars().skip(state.chars().count()).collect();
        seen.clear();
        seen.push_str(state);
        seen.push_str(&behind);
    }
    seen
}

/// Removes SGR sequences (`ESC [ digits ; … m`).
fn without_colours(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        kept.push_str(before);
        let parameters = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        if let Some(end) = parameters.strip_prefix('m') {
            rest = end;
        } else {
            kept.push_str("\x1b[");
            rest = after;
        }
    }
    kept.push_str(rest);
    kept
}

/// Columns that `text` takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The beginning of `text` that fits `columns`, with `…` where something is missing.
pub(crate) fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        kept.push(c);
    }
    if columns > 0 {
        kept.push('…');
    }
    Cow::Owned(kept)
}

/// One line of text with its tones; everything in it is [`visible`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line(Vec<(Tone, String)>);

impl Line {
    /// An empty line.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A line of one piece.
    pub(crate) fn of(tone: Tone, text: impl AsRef<str>) -> Self {
        Self::new().and(tone, text)
    }

    /// Adds a piece.
    pub(crate) fn and(mut self, tone: Tone, text: impl AsRef<str>) -> Self {
        self.push(tone, text);
        self
    }

    /// Adds a plain piece.
    pub(crate) fn plain(self, text: impl AsRef<str>) -> Self {
        self.and(Tone::Plain, text)
    }

    /// Adds a dim piece.
    pub(crate) fn dim(self, text: impl AsRef<str>) -> Self {
        self.and(Tone::Dim, text)
    }

    /// Adds a piece in place.
    pub(crate) fn push(&mut self, tone: Tone, text: impl AsRef<str>) {
        let text = visible(text.as_ref());
        if !text.is_empty() {
            self.0.push((tone, text.into_owned()));
        }
    }

    /// Adds all pieces of another line.
    pub(crate) fn append(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }

    /// Columns it takes.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| width(text)).sum()
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its beginning that fits `columns`.
    pub(crate) fn cut(&self, columns: usize) -> Self {
        if self.width() <= columns {
            return self.clone();
        }
        let mut kept = Self::new();
        let mut left = columns;
        for (tone, text) in &self.0 {
            let whole = width(text);
            // A piece that fits to the last column would leave no room for the mark.
            let piece = if whole < left {
                Cow::Borrowed(text.as_str())
            } else {
                cut_short(text, left)
            };
            kept.0.push((*tone, piece.into_owned()));
            if whole >= left {
                break;
            }
            left -= whole;
        }
        kept
    }

    /// Its end that fits `columns`, in the tone of its first piece.
    pub(crate) fn cut_begin(&self, columns: usize) -> Self {
        if self.width() <= columns {
            return self.clone();
        }
        let text: String = self.0.iter().map(|(_, text)| text.as_str()).collect();
        let mut start = text.len();
        let mut used = 1;
        for (at, c) in text.char_indices().rev() {
            used += c.width().unwrap_or(0);
            if used > columns {
                break;
            }
            start = at;
        }
        let tone = self.0.first().map(|(tone, _)| *tone).unwrap_or_default();
        Self::of(tone, format!("…{}", text.get(start..).unwrap_or_default()))
    }

    /// The text without tones.
    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(|(_, text)| text.as_str()).collect()
    }

    fn write(&self, colour: bool, out: &mut dyn Write) -> io::Result<()> {
        for (tone, text) in &self.0 {
            let sgr = tone.sgr();
            if colour && !sgr.is_empty() {
                write!(out, "\x1b[{sgr}m{text}\x1b[0m")?;
            } else {
                out.write_all(text.as_bytes())?;
            }
        }
        Ok(())
    }
}

/// Cuts although the text itself might fit, because more follows it.
fn cut_short(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) < columns {
        return Cow::Borrowed(text);
    }
    let mut longer = text.to_owned();
    longer.push_str("  ");
    Cow::Owned(cut(&longer, columns).into_owned())
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum ColourChoice {
    /// On terminals, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Standard output or standard error.
pub(crate) struct Stream {
    writer: Box<dyn Write>,
    terminal: bool,
    colour: bool,
    columns: Option<usize>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("terminal", &self.terminal)
            .field("colour", &self.colour)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Stream {
    /// Standard output, buffered.
    pub(crate) fn stdout(colour: ColourChoice) -> Self {
        let terminal = io::stdout().is_terminal();
        Self {
            writer: Box::new(BufWriter::new(io::stdout())),
            terminal,
            colour: wants_colour(colour, terminal),
            columns: columns(&console::Term::stdout(), terminal),
        }
    }

    /// Standard error.
    pub(crate) fn stderr(colour: ColourChoice) -> Self {
        let terminal = io::stderr().is_terminal();
        Self {
            writer: Box::new(io::stderr()),
            terminal,
            colour: wants_colour(colour, terminal),
            columns: columns(&console::Term::stderr(), terminal),
        }
    }

    /// Whether a person looks at it directly.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Whether tones become colours.
    pub(crate) fn has_colour(&self) -> bool {
        self.colour
    }

    /// Columns of the terminal; `None` where nothing limits a line.
    pub(crate) fn columns(&self) -> Option<usize> {
        self.columns
    }

    /// Writes a line, cut to the terminal's width.
    pub(crate) fn line(&mut self, line: &Line) -> io::Result<()> {
        let cut = self.columns.map(|columns| line.cut(columns));
        self.long_line(cut.as_ref().unwrap_or(line))
    }

    /// Writes a line whole, even where the terminal wraps it: a path or a command to be copied.
    pub(crate) fn long_line(&mut self, line: &Line) -> io::Result<()> {
        line.write(self.colour, &mut self.writer)?;
        self.writer.write_all(b"\n")
    }

    /// Writes an empty line.
    pub(crate) fn gap(&mut self) -> io::Result<()> {
        self.writer.write_all(b"\n")
    }

    /// Writes a question and waits behind it.
    pub(crate) fn ask(&mut self, question: &Line) -> io::Result<()> {
        question.write(self.colour, &mut self.writer)?;
        self.writer.flush()
    }

    /// Writes a document for a program: its bytes as they are, except on a terminal, where
    /// control characters are made visible.
    pub(crate) fn document(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.terminal {
            return self.writer.write_all(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        for line in text.split_inclusive('\n') {
            let (body, end) = line.strip_suffix('\n').map_or((line, ""), |b| (b, "\n"));
            self.writer.write_all(visible(body).as_bytes())?;
            self.writer.write_all(end.as_bytes())?;
        }
        Ok(())
    }

    /// Writes JSON. Characters that a terminal obeys are escaped, which changes no value.
    pub(crate) fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        self.json_bytes(format!("{value:#}\n").as_bytes())
    }

    /// Writes JSON that is text already, as [`json`](Self::json) does.
    pub(crate) fn json_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(bytes);
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            if c != '\n' && !is_harmless(c) {
                let before = text.get(plain..at).unwrap_or_default();
                self.writer.write_all(before.as_bytes())?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(self.writer, "\\u{unit:04x}")?;
                }
                plain = at + c.len_utf8();
            }
        }
        let rest = text.get(plain..).unwrap_or_default();
        self.writer.write_all(rest.as_bytes())
    }

    /// Writes what clap rendered: help on standard output.
    pub(crate) fn help(&mut self, text: &clap::builder::StyledStr) -> io::Result<()> {
        if self.colour {
            write!(self.writer, "{}", text.ansi())
        } else {
            write!(self.writer, "{text}")
        }
    }

    /// Hands over what is buffered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// See <https://no-color.org>: set and not empty means no colour.
fn wants_colour(choice: ColourChoice, terminal: bool) -> bool {
    match choice {
        ColourChoice::Always => true,
        ColourChoice::Never => false,
        ColourChoice::Auto => {
            let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
            terminal && set("NO_COLOR").is_none() && set("TERM").is_none_or(|t| t != "dumb")
        }
    }
}

/// A terminal that does not know its size is taken to have 80 columns.
fn columns(term: &console::Term, terminal: bool) -> Option<usize> {
    let known = || term.size_checked().map_or(80, |(_, columns)| columns);
    terminal.then(|| usize::from(known()).max(20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_stays_hidden() {
        assert_eq!(visible("a\x1b[31mb\x07\r"), "a␛[31mb␇␍");
        assert_eq!(visible("\u{9b}2J"), "\\u{9b}2J");
        assert_eq!(visible("safe\u{202e}exe"), "safe\\u{202e}exe");
        assert_eq!(visible("\u{7f}\t|"), "␡    |");
        assert_eq!(visible("Ünï👩‍🔬"), "Ünï👩‍🔬");
    }

    #[test]
    fn cuts_by_columns_not_by_characters() {
        assert_eq!(cut("学習率の記録", 7), "学習率…");
        assert_eq!(cut("学習率の記録", 8), "学習率…");
        assert_eq!(cut("loss", 4), "loss");
        assert_eq!(cut("losses", 4), "los…");
        assert_eq!(cut("losses", 0), "");
    }

    #[test]
    fn a_cut_line_keeps_its_pieces_and_never_exceeds_the_width() {
        let line = Line::of(Tone::Id, "abcd").plain("efgh").dim("学習");
        assert_eq!(line.cut(12), line);
        for columns in 1..12 {
            let cut = line.cut(columns);
            assert!(cut.width() <= columns, "{columns}: {}", cut.text());
            assert!(cut.text().ends_with('…'), "{columns}: {}", cut.text());
            let end = line.cut_begin(columns);
            assert!(end.width() <= columns, "{columns}: {}", end.text());
            assert!(end.text().starts_with('…'), "{columns}: {}", end.text());
        }
    }

    #[test]
    fn output_settles_as_on_a_terminal() {
        let text = "\x1b[0;31mError\x1b[0m: x\n 10%|#\r 20%|##\r\nabc\rX\n\x1b[2Kgone";
        let lines: Vec<_> = settled(text).collect();
        assert_eq!(lines, ["Error: x", " 20%|##", "Xbc", "\x1b[2Kgone"]);
    }
}
