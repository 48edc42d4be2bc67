//! A chunk: up to 65,536 points of one series as compressed columns.
//!
//! ```text
//! 0   8  magic "ENTRCHNK"
//! 8   1  version
//! 9   1  number of columns
//! 10  2  zero
//! 12  4  number of points
//! 16     the columns, each:
//!          0  1  which column
//!          1  1  encoding: 0 little-endian numbers, 1 pco (standalone format), 2 one number that
//!                all points have
//!          2  1  presence: 0 every point has a value, 1 a bitmap comes first
//!          3  1  zero
//!          4  4  length of what follows
//!          8     bitmap (bit i%8 of byte i/8 is point i), then the numbers of those present
//! end 8  the first bytes of the SHA-256 of all before
//! ```
//!
//! Numbers are little-endian. A column that no point has is left out.

use std::borrow::Cow;
use std::ops::Range;

use pco::data_types::Number;
use pco::standalone::{simple_compress, simple_decompress_into};
use pco::{ChunkConfig, DeltaSpec, ModeSpec};

use super::schema::CHUNK_POINTS;
use crate::session::{Origin, OriginKind, Point, PointRef, Series, Sha256Hash};

const MAGIC: [u8; 8] = *b"ENTRCHNK";
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 8;

const RAW: u8 = 0;
const PCO: u8 = 1;
const SAME: u8 = 2;

const ALL_PRESENT: u8 = 0;
const BITMAP: u8 = 1;

/// pco's level: beyond 8 it costs more time than it saves bytes.
const COMPRESSION_LEVEL: usize = 8;
/// Fewer numbers than this are not worth pco's header and time.
const MIN_COMPRESSED: usize = 24;

/// Which column, in the order in which they are written.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Column {
    Value = 1,
    Step = 2,
    Epoch = 3,
    Time = 4,
    /// 0 for a point without an origin, else the kind; the next five have numbers for points
    /// with an origin only.
    OriginKind = 5,
    OriginCell = 6,
    OriginOutput = 7,
    SpanStart = 8,
    /// End less start, modulo 2^32.
    SpanLength = 9,
    /// Place in the rule names.
    OriginRule = 10,
    /// Each its length as 4 bytes and its UTF-8 bytes.
    RuleNames = 11,
}

impl Column {
    /// How pco packs it. Trying what suits small numbers best costs more than it saves.
    fn config(self) -> ChunkConfig {
        let config = ChunkConfig::default().with_compression_level(COMPRESSION_LEVEL);
        let delta = match self {
            Self::OriginCell | Self::OriginOutput | Self::SpanStart => DeltaSpec::TryConsecutive(1),
            Self::OriginKind | Self::SpanLength | Self::OriginRule => DeltaSpec::NoOp,
            Self::Value | Self::Step | Self::Epoch | Self::Time | Self::RuleNames => return config,
        };
        config
            .with_mode_spec(ModeSpec::Classic)
            .with_delta_spec(delta)
    }
}

/// What a chunk's row says of its points.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Statistics {
    pub(super) count: usize,
    pub(super) steps: Option<(i64, i64)>,
    pub(super) times: Option<(i64, i64)>,
    pub(super) first: f64,
    pub(super) last: f64,
    /// Smallest and largest value that is not NaN.
    pub(super) range: Option<(f64, f64)>,
    pub(super) nan_count: usize,
}

impl Statistics {
    pub(super) fn of<'a>(points: impl Iterator<Item = PointRef<'a>>) -> Self {
        let mut statistics = Self::default();
        for point in points {
            let value = point.value;
            if statistics.count == 0 {
                statistics.first = value;
            }
            statistics.count += 1;
            statistics.last = value;
            if value.is_nan() {
                statistics.nan_count += 1;
            } else {
                widen(&mut statistics.range, value);
            }
            if let Some(step) = point.step {
                widen(&mut statistics.steps, step);
            }
            if let Some(time) = point.time_us {
                widen(&mut statistics.times, time);
            }
        }
        statistics
    }
}

fn widen<T: PartialOrd + Copy>(range: &mut Option<(T, T)>, value: T) {
    let (low, high) = range.get_or_insert((value, value));
    if value < *low {
        *low = value;
    }
    if value > *high {
        *high = value;
    }
}

/// A number that a column can hold.
trait Plain: Number + Copy + Default {
    const BYTES: usize;
    fn put(self, bytes: &mut Vec<u8>);
    /// Whether the bits are the same.
    fn is_same(self, other: Self) -> bool;
    fn take(bytes: &[u8]) -> Option<Self>;
}

macro_rules! plain {
    ($type:ty) => {
        impl Plain for $type {
            const BYTES: usize = size_of::<Self>();
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            fn is_same(self, other: Self) -> bool {
                self.to_le_bytes() == other.to_le_bytes()
            }
            fn take(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_le_bytes)
            }
        }
    };
}
plain!(f64);
plain!(i64);
plain!(u32);

/// Encodes the points `range` of `series`, at most [`CHUNK_POINTS`].
pub(super) fn encode(series: &Series, range: Range<usize>) -> Vec<u8> {
    let points = || range.clone().filter_map(|index| series.point(index));
    let mut writer = Writer::default();
    writer.column(Column::Value, points().map(|p| Some(p.value)));
    writer.column(Column::Step, points().map(|p| p.step));
    writer.column(Column::Epoch, points().map(|p| p.epoch));
    writer.column(Column::Time, points().map(|p| p.time_us));
    let origins = || points().filter_map(|p| p.origin);
    if origins().next().is_some() {
        let kinds = points().map(|p| Some(p.origin.map_or(0, |o| kind_code(o.kind))));
        writer.column(Column::OriginKind, kinds);
        writer.column(Column::OriginCell, origins().map(|o| Some(o.cell)));
        writer.column(Column::OriginOutput, origins().map(|o| Some(o.output)));
        writer.column(Column::SpanStart, origins().map(|o| Some(o.span.start)));
        let length = |o: &Origin| o.span.end.wrapping_sub(o.span.start);
        writer.column(Column::SpanLength, origins().map(|o| Some(length(o))));
        let mut names: Vec<&str> = origins().map(|o| &*o.rule).collect();
        names.sort_unstable();
        names.dedup();
        let place = |o: &Origin| {
            let place = names.binary_search(&&*o.rule).unwrap_or_default();
            u32::try_from(place).unwrap_or_default()
        };
        writer.column(Column::OriginRule, origins().map(|o| Some(place(o))));
        let mut content = Vec::new();
        for name in names {
            put_length(name.len(), &mut content);
            content.extend_from_slice(name.as_bytes());
        }
        writer.put(Column::RuleNames, RAW, ALL_PRESENT, &content);
    }
    writer.finish(range.len())
}

#[derive(Default)]
struct Writer {
    columns: u8,
    bytes: Vec<u8>,
}

impl Writer {
    fn column<T: Plain>(&mut self, column: Column, values: impl Iterator<Item = Option<T>>) {
        let mut present = Vec::new();
        let mut bitmap = Vec::new();
        let mut count = 0_usize;
        for (index, value) in values.enumerate() {
            if index % 8 == 0 {
                bitmap.push(0_u8);
            }
            count += 1;
            if let Some(value) = value {
                present.push(value);
                if let Some(byte) = bitmap.last_mut() {
                    *byte |= 1 << (index % 8);
                }
            }
        }
        if present.is_empty() {
            return;
        }
        let (presence, mut content) = if present.len() == count {
            (ALL_PRESENT, Vec::new())
        } else {
            (BITMAP, bitmap)
        };
        if let Some(same) = same_bytes(&present) {
            content.extend_from_slice(&same);
            self.put(column, SAME, presence, &content);
            return;
        }
        let raw_bytes = present.len() * T::BYTES;
        let packed = compress(column, &present).filter(|packed| packed.len() < raw_bytes);
        let encoding = if let Some(packed) = packed {
            content.extend_from_slice(&packed);
            PCO
        } else {
            content.reserve(raw_bytes);
            for value in present {
                value.put(&mut content);
            }
            RAW
        };
        self.put(column, encoding, presence, &content);
    }

    fn put(&mut self, column: Column, encoding: u8, presence: u8, content: &[u8]) {
        self.columns += 1;
        self.bytes
            .extend_from_slice(&[column as u8, encoding, presence, 0]);
        put_length(content.len(), &mut self.bytes);
        self.bytes.extend_from_slice(content);
    }

    fn finish(self, count: usize) -> Vec<u8> {
        let size = HEADER_BYTES + self.bytes.len() + CHECKSUM_BYTES;
        let mut bytes = Vec::with_capacity(size);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[VERSION, self.columns, 0, 0]);
        put_length(count, &mut bytes);
        bytes.extend_from_slice(&self.bytes);
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }
}

/// A chunk's lengths fit in 32 bits: 65,536 points of 8 bytes, and rule names.
fn put_length(length: usize, bytes: &mut Vec<u8>) {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
}

/// The bytes of the number that all `values` are, to the bit; `None` where they differ.
fn same_bytes<T: Plain>(values: &[T]) -> Option<Vec<u8>> {
    let bytes = |value: T| {
        let mut bytes = Vec::with_capacity(T::BYTES);
        value.put(&mut bytes);
        bytes
    };
    let (first, others) = values.split_first()?;
    if others.is_empty() || others.iter().any(|value| !value.is_same(*first)) {
        return None;
    }
    Some(bytes(*first))
}

fn compress<T: Plain>(column: Column, values: &[T]) -> Option<Vec<u8>> {
    if values.len() < MIN_COMPRESSED {
        return None;
    }
    simple_compress(values, &column.config()).ok()
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256Hash::of(bytes);
    let mut first = [0; CHECKSUM_BYTES];
    for (to, from) in first.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    first
}

fn kind_code(kind: OriginKind) -> u32 {
    match kind {
        OriginKind::Printed => 1,
        OriginKind::Evaluated => 2,
        OriginKind::File => 3,
    }
}

fn kind_of(code: u32) -> Option<OriginKind> {
    match code {
        1 => Some(OriginKind::Printed),
        2 => Some(OriginKind::Evaluated),
        3 => Some(OriginKind::File),
        _ => None,
    }
}

/// The columns of a chunk, decoded.
#[derive(Default)]
struct Decoded {
    values: Vec<Option<f64>>,
    steps: Vec<Option<i64>>,
    epochs: Vec<Option<f64>>,
    times: Vec<Option<i64>>,
    kinds: Vec<Option<u32>>,
    cells: Vec<Option<u32>>,
    outputs: Vec<Option<u32>>,
    starts: Vec<Option<u32>>,
    lengths: Vec<Option<u32>>,
    rules: Vec<Option<u32>>,
    names: Vec<Cow<'static, str>>,
}

/// Decodes a chunk of which `body` is all but the checksum, which would let nothing through.
#[cfg(fuzzing)]
pub(super) fn fuzz(body: &[u8]) {
    let mut bytes = body.to_vec();
    bytes.extend_from_slice(&checksum(body));
    let mut series = Series::new(crate::session::SeriesKey::named("fuzz"));
    if let Ok(count) = decode(&bytes, &mut series) {
        assert!(count == series.len() && count <= CHUNK_POINTS);
    }
}

/// Decodes a chunk and appends its points to `series`.
///
/// # Errors
/// What is wrong with the chunk.
pub(super) fn decode(bytes: &[u8], series: &mut Series) -> Result<usize, String> {
    let (body, sum) = bytes
        .split_last_chunk::<CHECKSUM_BYTES>()
        .ok_or("it is too short")?;
    if checksum(body) != *sum {
        return Err("its checksum is wrong".into());
    }
    let mut reader = Reader(body);
    if reader.take(MAGIC.len())? != MAGIC {
        return Err("it does not begin as a chunk".into());
    }
    let [version, columns, _, _] = reader.array::<4>()?;
    if version != VERSION {
        return Err(format!("its version is {version}, not {VERSION}"));
    }
    let count = reader.length()?;
    if count > CHUNK_POINTS {
        return Err(format!("it claims {count} points"));
    }
    let mut decoded = Decoded::default();
    for _ in 0..columns {
        decoded.read_column(&mut reader, count)?;
    }
    decoded.append_to(series, count)?;
    Ok(count)
}

impl Decoded {
    fn read_column(&mut self, reader: &mut Reader<'_>, count: usize) -> Result<(), String> {
        let [column, encoding, presence, _] = reader.array::<4>()?;
        let length = reader.length()?;
        let content = reader.take(length)?;
        let with_origin = self
            .kinds
            .iter()
            .flatten()
            .filter(|kind| **kind > 0)
            .count();
        let origin = |content| numbers(content, encoding, presence, with_origin);
        match column {
            c if c == Column::Value as u8 => {
                self.values = numbers(content, encoding, presence, count)?;
            }
            c if c == Column::Step as u8 => {
                self.steps = numbers(content, encoding, presence, count)?;
            }
            c if c == Column::Epoch as u8 => {
                self.epochs = numbers(content, encoding, presence, count)?;
            }
            c if c == Column::Time as u8 => {
                self.times = numbers(content, encoding, presence, count)?;
            }
            c if c == Column::OriginKind as u8 => {
                self.kinds = numbers(content, encoding, presence, count)?;
            }
            c if c == Column::OriginCell as u8 => self.cells = origin(content)?,
            c if c == Column::OriginOutput as u8 => self.outputs = origin(content)?,
            c if c == Column::SpanStart as u8 => self.starts = origin(content)?,
            c if c == Column::SpanLength as u8 => self.lengths = origin(content)?,
            c if c == Column::OriginRule as u8 => self.rules = origin(content)?,
            c if c == Column::RuleNames as u8 => self.names = rule_names(content)?,
            unknown => return Err(format!("it has an unknown column {unknown}")),
        }
        Ok(())
    }

    fn append_to(self, series: &mut Series, count: usize) -> Result<(), String> {
        let optional = |column: &Vec<Option<f64>>, index: usize| column.get(index).copied();
        let mut origin_row = 0;
        for index in 0..count {
            let kind = self.kinds.get(index).copied().flatten().unwrap_or(0);
            let origin = if kind == 0 {
                None
            } else {
                let origin = self.origin(kind, origin_row).ok_or("an origin is broken")?;
                origin_row += 1;
                Some(origin)
            };
            series.push(Point {
                value: optional(&self.values, index)
                    .flatten()
                    .ok_or("a value is missing")?,
                step: self.steps.get(index).copied().flatten(),
                epoch: optional(&self.epochs, index).flatten(),
                time_us: self.times.get(index).copied().flatten(),
                origin,
            });
        }
        Ok(())
    }

    fn origin(&self, kind: u32, row: usize) -> Option<Origin> {
        let number = |column: &[Option<u32>]| column.get(row).copied().flatten();
        let start = number(&self.starts)?;
        let rule = usize::try_from(number(&self.rules)?).ok()?;
        Some(Origin {
            kind: kind_of(kind)?,
            cell: number(&self.cells)?,
            output: number(&self.outputs)?,
            span: start..start.wrapping_add(number(&self.lengths)?),
            rule: self.names.get(rule)?.clone(),
        })
    }
}

fn numbers<T: Plain>(
    content: &[u8],
    encoding: u8,
    presence: u8,
    count: usize,
) -> Result<Vec<Option<T>>, String> {
    let mut reader = Reader(content);
    let bitmap = match presence {
        ALL_PRESENT => None,
        BITMAP => Some(reader.take(count.div_ceil(8))?),
        other => return Err(format!("it has an unknown presence {other}")),
    };
    let has = |index: usize| {
        bitmap.is_none_or(|bitmap| {
            bitmap
                .get(index / 8)
                .is_some_and(|byte| byte >> (index % 8) & 1 == 1)
        })
    };
    let present = (0..count).filter(|index| has(*index)).count();
    let values: Vec<T> = match encoding {
        RAW => {
            if reader.0.len() != present * T::BYTES {
                return Err("a column has a wrong length".into());
            }
            reader
                .0
                .chunks_exact(T::BYTES)
                .filter_map(T::take)
                .collect()
        }
        SAME => {
            let value = T::take(reader.0).ok_or("a column has a wrong length")?;
            vec![value; present]
        }
        PCO => {
            let mut values = vec![T::default(); present];
            let progress = simple_decompress_into(reader.0, &mut values)
                .map_err(|error| format!("a column does not decompress: {error}"))?;
            if progress.n_processed != present {
                return Err("a column has too few numbers".into());
            }
            values
        }
        other => return Err(format!("it has an unknown encoding {other}")),
    };
    if bitmap.is_none() {
        return Ok(values.into_iter().map(Some).collect());
    }
    let mut values = values.into_iter();
    Ok((0..count)
        .map(|index| if has(index) { values.next() } else { None })
        .collect())
}

fn rule_names(content: &[u8]) -> Result<Vec<Cow<'static, str>>, String> {
    let mut reader = Reader(content);
    let mut names = Vec::new();
    while !reader.0.is_empty() {
        let length = reader.length()?;
        let name = std::str::from_utf8(reader.take(length)?)
            .map_err(|error| format!("the name of a rule is not UTF-8: {error}"))?;
        names.push(Cow::Owned(name.to_owned()));
    }
    Ok(names)
}

/// Takes bytes from the front, never more than there are.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("it ends too early")?;
        self.0 = rest;
        Ok(*taken)
    }

    fn length(&mut self) -> Result<usize, String> {
        let length = u32::from_le_bytes(self.array()?);
        usize::try_from(length).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::session::SeriesKey;

    fn series(points: u32) -> Series {
        let mut series = Series::new(SeriesKey::named("loss"));
        for index in 0..points {
            series.push(Point {
                value: 1.0 / f64::from(index + 1),
                step: Some(index.into()),
                epoch: (index % 3 == 0).then(|| f64::from(index)),
                time_us: Some(1_700_000_000_000_000 + i64::from(index * index % 977)),
                origin: (index % 2 == 0).then(|| Origin {
                    kind: OriginKind::Printed,
                    cell: index / 10,
                    output: 0,
                    span: index..index + 6,
                    rule: "key-value".into(),
                }),
            });
        }
        series
    }

    #[test]
    fn a_truncated_or_longer_chunk_is_an_error() {
        let bytes = encode(&series(100), 0..100);
        for length in 0..bytes.len() {
            let mut decoded = Series::new(SeriesKey::named("loss"));
            assert!(decode(&bytes[..length], &mut decoded).is_err(), "{length}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(decode(&longer, &mut Series::new(SeriesKey::named("loss"))).is_err());
    }

    proptest! {
        /// Bytes whose checksum is right, so that damage reaches the columns.
        #[test]
        fn changed_bytes_never_panic(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut bytes = encode(&series(300), 0..300);
            bytes.truncate(bytes.len() - CHECKSUM_BYTES);
            for (index, byte) in changes {
                *index.get_mut(&mut bytes) = byte;
            }
            let sum = checksum(&bytes);
            bytes.extend_from_slice(&sum);
            let mut decoded = Series::new(SeriesKey::named("loss"));
            if let Ok(count) = decode(&bytes, &mut decoded) {
                prop_assert_eq!(decoded.len(), count);
            }
        }
    }
}
