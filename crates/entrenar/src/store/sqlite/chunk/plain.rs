//! Version 3: points that wait to be merged with others. Each column in one piece, packed by what costs next to
//! nothing.
//!
//! Such a chunk is written once and read once more: when enough points wait for a chunk of version 1 or 2. Points
//! that have origins are never kept so. See `docs/store-format.md`.

#![cfg_attr(
    not(any(feature = "record", test, fuzzing)),
    expect(dead_code, reason = "only recordings have points that wait")
)]

use std::ops::Range;

use super::MAGIC;
use super::format::{
    Column, DISTANCES, Field, Head, RAW, Reader, SAME, SINGLE, Writer, checked, seal,
};
use super::number::{Plain, at_rows, put_column, take_all, take_presence};
use crate::session::{OptionalColumn, Series};

pub(super) const VERSION: u8 = 3;

/// Encodes the points `range` of `series`; their origins, if they had any, are not in it.
pub(super) fn encode(series: &Series, range: Range<usize>) -> Vec<u8> {
    let mut writer = Writer::default();
    let values = series.values().get(range.clone()).unwrap_or_default();
    put_column(&mut writer, Column::Value, values, None, Packed::pack);
    optional(&mut writer, Column::Step, series.steps(), range.clone());
    optional(&mut writer, Column::Epoch, series.epochs(), range.clone());
    optional(&mut writer, Column::Time, series.times_us(), range.clone());
    let mut bytes = writer.finish(Head {
        magic: MAGIC,
        version: VERSION,
        page_points: 0,
        count: range.len(),
    });
    seal(&mut bytes, 0);
    bytes
}

fn optional<T: Packed>(
    writer: &mut Writer,
    column: Column,
    numbers: &OptionalColumn<T>,
    range: Range<usize>,
) {
    let (numbers, bitmap) = numbers.present(range);
    put_column(writer, column, &numbers, bitmap, T::pack);
}

/// Decodes a chunk and appends its points to `series`.
pub(super) fn decode(bytes: &[u8], series: &mut Series) -> Result<usize, String> {
    let (head, fields) = Reader::columns(checked(bytes, 0)?, MAGIC)?;
    if head.version != VERSION || head.page_points != 0 {
        return Err(format!("its version is {}, not {VERSION}", head.version));
    }
    let count = head.count;
    let mut values = OptionalColumn::default();
    let mut steps = OptionalColumn::default();
    let mut epochs = OptionalColumn::default();
    let mut times = OptionalColumn::default();
    for field in &fields {
        match field.id {
            c if c == Column::Value as u8 => values = numbers(field, count)?,
            c if c == Column::Step as u8 => steps = numbers(field, count)?,
            c if c == Column::Epoch as u8 => epochs = numbers(field, count)?,
            c if c == Column::Time as u8 => times = numbers(field, count)?,
            unknown => return Err(format!("it has an unknown column {unknown}")),
        }
    }
    let values = values.whole(0..count).ok_or("a value is missing")?;
    series.append(values, &steps, &epochs, &times, Vec::new());
    Ok(count)
}

fn numbers<T: Packed>(field: &Field<'_>, count: usize) -> Result<OptionalColumn<T>, String> {
    let mut reader = Reader(field.content);
    let (bitmap, present) = take_presence(&mut reader, field.presence, count)?;
    let values = match field.encoding {
        RAW => {
            let mut values = Vec::new();
            take_all(reader.0, present, &mut values)?;
            values
        }
        SAME => {
            let value = T::take(reader.0).ok_or("a column has a wrong length")?;
            vec![value; present]
        }
        encoding => T::unpack(encoding, reader.0, present)?,
    };
    Ok(at_rows(values, bitmap, count))
}

/// A number of which lists may take less than eight bytes a number.
trait Packed: Plain {
    /// Appends a list of numbers that are not all the same, and gives the encoding; `None` if nothing fits.
    fn pack(numbers: &[Self], bytes: &mut Vec<u8>) -> Option<u8>;
    /// Reads a list of `count` numbers.
    fn unpack(encoding: u8, bytes: &[u8], count: usize) -> Result<Vec<Self>, String>;
}

fn unknown(encoding: u8) -> String {
    format!("it has an unknown encoding {encoding}")
}

/// Makes room for `count` arrays of bytes and fills them.
fn put_arrays<const N: usize>(arrays: impl ExactSizeIterator<Item = [u8; N]>, bytes: &mut Vec<u8>) {
    let start = bytes.len();
    bytes.resize(start + arrays.len() * N, 0);
    let places = bytes.get_mut(start..).unwrap_or_default();
    for (place, array) in places.as_chunks_mut().0.iter_mut().zip(arrays) {
        *place = array;
    }
}

/// Exactly `count` arrays of bytes.
fn take_arrays<const N: usize>(bytes: &[u8], count: usize) -> Result<&[[u8; N]], String> {
    match bytes.as_chunks() {
        (arrays, []) if arrays.len() == count => Ok(arrays),
        _ => Err("a column has a wrong length".into()),
    }
}

impl Packed for f64 {
    fn pack(numbers: &[Self], bytes: &mut Vec<u8>) -> Option<u8> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a number that changes is seen by its bits"
        )]
        let single = |number: &Self| *number as f32;
        let is_exact = |number: &Self| Self::from(single(number)).to_bits() == number.to_bits();
        if !numbers.iter().all(is_exact) {
            return None;
        }
        put_arrays(numbers.iter().map(|n| single(n).to_le_bytes()), bytes);
        Some(SINGLE)
    }

    fn unpack(encoding: u8, bytes: &[u8], count: usize) -> Result<Vec<Self>, String> {
        if encoding != SINGLE {
            return Err(unknown(encoding));
        }
        let number = |bytes: &[u8; 4]| Self::from(f32::from_le_bytes(*bytes));
        Ok(take_arrays(bytes, count)?.iter().map(number).collect())
    }
}

impl Packed for i64 {
    fn pack(numbers: &[Self], bytes: &mut Vec<u8>) -> Option<u8> {
        let (first, others) = numbers.split_first()?;
        // All of it modulo 2^64, and so exact.
        let pairs = || others.iter().zip(numbers);
        let distances = || pairs().map(|(number, before)| number.wrapping_sub(*before));
        let (least, most) = distances().fold((Self::MAX, Self::MIN), |(least, most), distance| {
            (least.min(distance), most.max(distance))
        });
        let offsets = distances().map(|distance| distance.wrapping_sub(least).to_le_bytes());
        let width: u8 = match most.abs_diff(least) {
            0 => 0,
            1..=0xff => 1,
            0x100..=0xffff => 2,
            0x1_0000..=0xffff_ffff => 4,
            _ => return None,
        };
        first.put(bytes);
        least.put(bytes);
        bytes.push(width);
        match width {
            1 => put_arrays(offsets.map(|[a, ..]| [a]), bytes),
            2 => put_arrays(offsets.map(|[a, b, ..]| [a, b]), bytes),
            4 => put_arrays(offsets.map(|[a, b, c, d, ..]| [a, b, c, d]), bytes),
            _ => {}
        }
        Some(DISTANCES)
    }

    fn unpack(encoding: u8, bytes: &[u8], count: usize) -> Result<Vec<Self>, String> {
        if encoding != DISTANCES {
            return Err(unknown(encoding));
        }
        let mut reader = Reader(bytes);
        let first = Self::from_le_bytes(reader.array()?);
        let least = Self::from_le_bytes(reader.array()?);
        let [width] = reader.array()?;
        let others = count.checked_sub(1).ok_or("a column has no numbers")?;
        let mut numbers = Vec::with_capacity(count);
        numbers.push(first);
        let mut last = first;
        let mut add = |offset: Self| {
            last = last.wrapping_add(least).wrapping_add(offset);
            numbers.push(last);
        };
        let bytes = reader.0;
        match width {
            0 if bytes.is_empty() => (0..others).for_each(|_| add(0)),
            1 => take_arrays(bytes, others)?
                .iter()
                .for_each(|[offset]| add((*offset).into())),
            2 => take_arrays(bytes, others)?
                .iter()
                .for_each(|offset| add(u16::from_le_bytes(*offset).into())),
            4 => take_arrays(bytes, others)?
                .iter()
                .for_each(|offset| add(u32::from_le_bytes(*offset).into())),
            _ => return Err("a column has a wrong length".into()),
        }
        Ok(numbers)
    }
}
