//! One value for each field.

use std::ops::{Index, IndexMut};

use super::Field;

/// A `T` for each field. Only those that were set are stored, so it is as large as the number of these; the others have the default.
#[derive(Debug, Clone, Default)]
pub struct PerField<T> {
    /// In the order of the fields.
    set: Vec<(Field, T)>,
    default: T,
}

impl<T> PerField<T> {
    /// The fields that were set with their values, in the order of the fields.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &T)> {
        self.set.iter().map(|(field, value)| (*field, value))
    }

    fn place(&self, field: Field) -> Result<usize, usize> {
        self.set.binary_search_by_key(&field, |(field, _)| *field)
    }
}

/// Those that were set.
impl<T: Default> FromIterator<(Field, T)> for PerField<T> {
    fn from_iter<I: IntoIterator<Item = (Field, T)>>(values: I) -> Self {
        let mut per_field = Self::default();
        for (field, value) in values {
            per_field[field] = value;
        }
        per_field
    }
}

/// A field that was set to the default is the same as one that was not set.
impl<T: Default + PartialEq> PartialEq for PerField<T> {
    fn eq(&self, other: &Self) -> bool {
        let differs = |(field, value): (Field, &T)| other[field] != *value;
        let is_missing = |(field, value): (Field, &T)| self[field] != *value;
        !self.iter().any(differs) && !other.iter().any(is_missing)
    }
}

impl<T: Default + Eq> Eq for PerField<T> {}

impl<T> Index<Field> for PerField<T> {
    type Output = T;

    fn index(&self, field: Field) -> &T {
        self.place(field)
            .map_or(&self.default, |place| &self.set[place].1)
    }
}

impl<T: Default> IndexMut<Field> for PerField<T> {
    fn index_mut(&mut self, field: Field) -> &mut T {
        let place = self.place(field).unwrap_or_else(|place| {
            self.set.insert(place, (field, T::default()));
            place
        });
        &mut self.set[place].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_was_not_set_has_the_default() {
        let mut values: PerField<u64> = [(Field::LAST_NAME, 3)].into_iter().collect();
        assert_eq!((values[Field::EMAIL], values[Field::LAST_NAME]), (0, 3));
        values[Field::EMAIL] += 1;
        let set: Vec<(Field, u64)> = values.iter().map(|(field, value)| (field, *value)).collect();
        assert_eq!(set, [(Field::EMAIL, 1), (Field::LAST_NAME, 3)]);
    }

    #[test]
    fn the_default_equals_what_was_not_set() {
        let one: PerField<u64> = [(Field::EMAIL, 0)].into_iter().collect();
        assert_eq!(one, PerField::default());
        let other: PerField<u64> = [(Field::EMAIL, 1)].into_iter().collect();
        assert_ne!(one, other);
        assert_ne!(other, one);
    }
}
