//! One value for each field.

use std::ops::{Index, IndexMut};

use super::Field;

/// One `T` for each field, indexed by the field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PerField<T>([T; Field::COUNT]);

impl<T> PerField<T> {
    /// Builds the value of each field.
    pub fn from_fn(mut build: impl FnMut(Field) -> T) -> Self {
        Self(Field::ALL.map(&mut build))
    }

    /// Each field with its value, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &T)> {
        Field::ALL.into_iter().zip(&self.0)
    }

    /// Each field with its value to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Field, &mut T)> {
        Field::ALL.into_iter().zip(&mut self.0)
    }
}

impl<T> Index<Field> for PerField<T> {
    type Output = T;

    fn index(&self, field: Field) -> &T {
        &self.0[field.index()]
    }
}

impl<T> IndexMut<Field> for PerField<T> {
    fn index_mut(&mut self, field: Field) -> &mut T {
        &mut self.0[field.index()]
    }
}
