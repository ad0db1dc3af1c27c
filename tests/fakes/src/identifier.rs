//! Identifiers as the services hand them out.

/// A random identifier in the form of a version 4 UUID.
pub fn new_id() -> String {
    let bits = fastrand::u128(..);
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{bits:032x}");
    let mut id = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::new_id;

    #[test]
    fn an_identifier_has_the_form_of_a_uuid() {
        let id = new_id();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(id.chars().nth(14), Some('4'));
        assert!(
            id.chars()
                .nth(19)
                .is_some_and(|digit| "89ab".contains(digit))
        );
        assert_ne!(id, new_id());
    }
}
