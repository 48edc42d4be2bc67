//! The numbers of one column.

use pco::data_types::Number;
use pco::standalone::simple_decompress_into;
use pco::{ChunkConfig, DeltaSpec, ModeSpec};

use super::format::{ALL_PRESENT, BITMAP, Column, Field, PCO, RAW, Reader, SAME, Writer};
use crate::session::OptionalColumn;

/// pco's level: 8 takes twice the time of 6 (five times in a chunk of 16,384 numbers) and saves 1 % at most.
const COMPRESSION_LEVEL: usize = 6;
/// Fewer numbers than this are not worth pco's header and time.
pub(super) const MIN_COMPRESSED: usize = 24;

/// A number that a column can hold.
pub(super) trait Plain: Number + Copy + Default {
    const BYTES: usize;
    /// Whether a list of them may be kept as the first and the distance of the others.
    const STRIDES: bool = false;
    fn put(self, bytes: &mut Vec<u8>);
    /// Whether the bits are the same.
    fn is_same(self, other: Self) -> bool;
    fn take(bytes: &[u8]) -> Option<Self>;
    /// What is added to each number for the next; `None` where that differs or is not exact.
    fn stride(_numbers: &[Self]) -> Option<Self> {
        None
    }
    /// The number `index` places after this one.
    #[must_use]
    fn after(self, _stride: Self, _index: usize) -> Self {
        self
    }
}

macro_rules! plain {
    ($type:ty $(, $more:item)*) => {
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
            $($more)*
        }
    };
}
plain!(f64);
plain!(u32);
plain!(
    i64,
    const STRIDES: bool = true;,
    fn stride(numbers: &[Self]) -> Option<Self> {
        let [first, second, ..] = numbers else {
            return None;
        };
        let stride = second.checked_sub(*first)?;
        let pairs = || numbers.iter().zip(numbers.iter().skip(1));
        // Beyond 2^53 numbers that fall may be equal as f64.
        let is_exact = || {
            numbers
                .iter()
                .all(|number| number.unsigned_abs() <= 1 << 53)
        };
        (pairs().all(|(a, b)| b.checked_sub(*a) == Some(stride)) && (stride >= 0 || is_exact()))
            .then_some(stride)
    },
    fn after(self, stride: Self, index: usize) -> Self {
        let index = Self::try_from(index).unwrap_or_default();
        self.wrapping_add(stride.wrapping_mul(index))
    }
);

impl Column {
    /// How pco packs it. Trying what suits small numbers best costs more than it saves.
    pub(super) fn config(self) -> ChunkConfig {
        let config = ChunkConfig::default().with_compression_level(COMPRESSION_LEVEL);
        let delta = match self {
            Self::OriginCell | Self::OriginOutput | Self::SpanStart => DeltaSpec::TryConsecutive(1),
            Self::OriginKind | Self::SpanLength | Self::OriginRule => DeltaSpec::NoOp,
            // Whatever the clock, it goes on: other kinds of differences need not be tried.
            Self::Time => return config.with_delta_spec(DeltaSpec::TryConsecutive(1)),
            Self::Value | Self::Step | Self::Epoch | Self::RuleNames => return config,
        };
        config
            .with_mode_spec(ModeSpec::Classic)
            .with_delta_spec(delta)
    }
}

/// The number that all `values` are, to the bit; `None` where they differ or where there is one.
pub(super) fn same<T: Plain>(values: &[T]) -> Option<T> {
    let (first, others) = values.split_first()?;
    (!others.is_empty() && others.iter().all(|value| value.is_same(*first))).then_some(*first)
}

/// Writes a column in one piece: one number where all are the same, what `pack` makes of them, which gives the
/// encoding, or the numbers as they are. A column without a number is not written.
pub(super) fn put_column<T: Plain>(
    writer: &mut Writer,
    column: Column,
    numbers: &[T],
    bitmap: Option<Vec<u8>>,
    pack: impl FnOnce(&[T], &mut Vec<u8>) -> Option<u8>,
) {
    if numbers.is_empty() {
        return;
    }
    let presence = if bitmap.is_some() {
        BITMAP
    } else {
        ALL_PRESENT
    };
    let mut content = bitmap.unwrap_or_default();
    let encoding = if let Some(number) = same(numbers) {
        number.put(&mut content);
        SAME
    } else if let Some(encoding) = pack(numbers, &mut content) {
        encoding
    } else {
        put_all(numbers, &mut content);
        RAW
    };
    writer.put(Field {
        id: column as u8,
        encoding,
        presence,
        content: &content,
    });
}

pub(super) fn put_all<T: Plain>(values: &[T], bytes: &mut Vec<u8>) {
    bytes.reserve(values.len() * T::BYTES);
    for value in values {
        value.put(bytes);
    }
}

/// Appends a list of numbers that [`put_all`] wrote to `numbers`.
pub(super) fn take_all<T: Plain>(
    bytes: &[u8],
    count: usize,
    numbers: &mut Vec<T>,
) -> Result<(), String> {
    if bytes.len() != count * T::BYTES {
        return Err("a column has a wrong length".into());
    }
    numbers.extend(bytes.chunks_exact(T::BYTES).filter_map(T::take));
    Ok(())
}

/// Reads the bitmap of `count` rows, if there is one, and how many of them have a number.
pub(super) fn take_presence<'a>(
    reader: &mut Reader<'a>,
    presence: u8,
    count: usize,
) -> Result<(Option<&'a [u8]>, usize), String> {
    match presence {
        ALL_PRESENT => Ok((None, count)),
        BITMAP => {
            let bitmap = reader.take(count.div_ceil(8))?;
            let present = (0..count).filter(|row| has(bitmap, *row)).count();
            Ok((Some(bitmap), present))
        }
        other => Err(format!("it has an unknown presence {other}")),
    }
}

fn has(bitmap: &[u8], row: usize) -> bool {
    bitmap
        .get(row / 8)
        .is_some_and(|byte| byte >> (row % 8) & 1 == 1)
}

/// Puts the numbers of those rows that have one at their rows.
pub(super) fn at_rows<T: Plain>(
    numbers: Vec<T>,
    bitmap: Option<&[u8]>,
    count: usize,
) -> OptionalColumn<T> {
    let Some(bitmap) = bitmap else {
        return OptionalColumn::new(numbers, None);
    };
    let mut numbers = numbers.into_iter();
    let all = (0..count).map(|row| {
        let number = has(bitmap, row).then(|| numbers.next()).flatten();
        number.unwrap_or_default()
    });
    OptionalColumn::new(all.collect(), Some(bitmap.to_vec()))
}

/// Decodes a column that lies in one piece.
pub(super) fn numbers<T: Plain>(
    field: &Field<'_>,
    count: usize,
) -> Result<OptionalColumn<T>, String> {
    let mut reader = Reader(field.content);
    let (bitmap, present) = take_presence(&mut reader, field.presence, count)?;
    let mut values = Vec::new();
    match field.encoding {
        RAW => take_all(reader.0, present, &mut values)?,
        SAME => {
            let value = T::take(reader.0).ok_or("a column has a wrong length")?;
            values.resize(present, value);
        }
        PCO => {
            values.resize(present, T::default());
            let progress = simple_decompress_into(reader.0, &mut values)
                .map_err(|error| format!("a column does not decompress: {error}"))?;
            if progress.n_processed != present {
                return Err("a column has too few numbers".into());
            }
        }
        other => return Err(format!("it has an unknown encoding {other}")),
    }
    Ok(at_rows(values, bitmap, count))
}
