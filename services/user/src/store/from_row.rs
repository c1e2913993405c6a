//! Structs that are read from a row.

/// Declares a struct that is read from a row of either database: each field from the column of its name, or from the one
/// after `as`.
///
/// sqlx derives the same, but the crate of its macros compiles both drivers, with SQLite, a second time.
macro_rules! from_row {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $($(#[$of_field:meta])* $field_visibility:vis $field:ident: $type:ty $(as $column:literal)?,)+
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[$of_field])* $field_visibility $field: $type,)+
        }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            &'r str: sqlx::ColumnIndex<R>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)+
        {
            fn from_row(row: &'r R) -> sqlx::Result<Self> {
                Ok(Self {
                    $($field: row.try_get($crate::store::from_row::column!($field $($column)?))?,)+
                })
            }
        }
    };
}

/// The column of a field.
macro_rules! column {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $column:literal) => {
        $column
    };
}

pub(super) use {column, from_row};
