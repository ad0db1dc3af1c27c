//! JSON values as the elements of one array, byte for byte.

/// What an array has beside its values: a bracket at each end, and a comma between two values. So it has one byte for each
/// value, and this one.
pub const ARRAY_BYTES: usize = 1;

/// Joins JSON values to an array.
pub fn json_array<'a>(values: impl Iterator<Item = &'a str> + Clone) -> String {
    let bytes: usize = values.clone().map(|value| value.len() + 1).sum();
    let mut array = String::with_capacity(bytes + ARRAY_BYTES);
    for value in values {
        array.push(if array.is_empty() { '[' } else { ',' });
        array.push_str(value);
    }
    if array.is_empty() {
        array.push('[');
    }
    array.push(']');
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_holds_its_values_byte_for_byte_and_one_byte_more_than_a_comma_each() {
        let check = |values: &[&str], expected: &str| {
            let array = json_array(values.iter().copied());
            assert_eq!(array, expected);
            let counted: usize = values.iter().map(|value| value.len() + 1).sum();
            assert_eq!(array.len(), counted + ARRAY_BYTES);
        };
        check(&["{ \"n\": 1.50 }", "2"], "[{ \"n\": 1.50 },2]");
        check(&["1"], "[1]");
        assert_eq!(json_array([].into_iter()), "[]");
    }
}
