//! All points as Apache Parquet (format version 2), with the columns of `metrics.csv`, typed.

use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::session::{EntrenarSession, PointRef, Series, SeriesKey};

/// Rows of one row group.
const GROUP_ROWS: usize = 1 << 20;

const SCHEMA: &str = "message points {
    required binary name (STRING);
    optional int32 run (INTEGER(32,false));
    optional int32 rank (INTEGER(32,false));
    optional int64 step;
    optional double epoch;
    optional int64 time (TIMESTAMP(MICROS,true));
    required double value;
}";

/// The file could not be made; writing to memory, this is a limit of the format.
#[derive(Debug, thiserror::Error)]
#[error("the metrics cannot be written as Parquet")]
pub struct ParquetFailed(#[from] ParquetError);

/// All points, a row each: series by series, in the order in which the points came.
///
/// What is not known is null. NaN and infinities are values; steps are 64-bit integers; `time` is
/// in microseconds since 1970-01-01 UTC. The file names no clock and no machine: the same session
/// gives the same bytes.
///
/// # Errors
/// [`ParquetFailed`] where the format cannot hold the session, such as a name of 2 GiB.
pub fn metrics(session: &EntrenarSession) -> Result<Vec<u8>, ParquetFailed> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder()
        .set_created_by("entrenar".to_owned())
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut points = session.metrics.series().iter().flat_map(rows).peekable();
    while points.peek().is_some() {
        let rows: Vec<_> = points.by_ref().take(GROUP_ROWS).collect();
        let mut group = writer.next_row_group()?;
        write_group(&mut group, &rows)?;
        group.close()?;
    }
    Ok(writer.into_inner()?)
}

type Row<'a> = (&'a SeriesKey, PointRef<'a>);

fn rows(series: &Series) -> impl Iterator<Item = Row<'_>> {
    series.points().map(|point| (series.key(), point))
}

fn write_group(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    rows: &[Row<'_>],
) -> Result<(), ParquetFailed> {
    let mut column = Column { group, rows };
    column.required::<ByteArrayType>(|(key, _)| ByteArray::from(key.name.as_str()))?;
    column.optional::<Int32Type>(|(key, _)| key.run.map(u32::cast_signed))?;
    column.optional::<Int32Type>(|(key, _)| key.rank.map(u32::cast_signed))?;
    column.optional::<Int64Type>(|(_, point)| point.step)?;
    column.optional::<DoubleType>(|(_, point)| point.epoch)?;
    column.optional::<Int64Type>(|(_, point)| point.time_us)?;
    column.required::<DoubleType>(|(_, point)| point.value)
}

/// The next column of a row group.
struct Column<'a, 'group> {
    group: &'a mut SerializedRowGroupWriter<'group, Vec<u8>>,
    rows: &'a [Row<'a>],
}

impl Column<'_, '_> {
    fn required<T: DataType>(
        &mut self,
        value: impl Fn(&Row<'_>) -> T::T,
    ) -> Result<(), ParquetFailed> {
        let values: Vec<T::T> = self.rows.iter().map(value).collect();
        self.write::<T>(&values, None)
    }

    fn optional<T: DataType>(
        &mut self,
        value: impl Fn(&Row<'_>) -> Option<T::T>,
    ) -> Result<(), ParquetFailed> {
        let all: Vec<Option<T::T>> = self.rows.iter().map(value).collect();
        let levels: Vec<i16> = all.iter().map(|value| i16::from(value.is_some())).collect();
        let values: Vec<T::T> = all.into_iter().flatten().collect();
        self.write::<T>(&values, Some(&levels))
    }

    fn write<T: DataType>(
        &mut self,
        values: &[T::T],
        levels: Option<&[i16]>,
    ) -> Result<(), ParquetFailed> {
        if let Some(mut column) = self.group.next_column()? {
            column.typed::<T>().write_batch(values, levels, None)?;
            column.close()?;
        }
        Ok(())
    }
}
