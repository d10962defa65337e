/* SPDX-License-Identifier: ISC
 *
 * test_cursor.c - bounded reading and writing, and the fields of the header.
 */
#include "octets.h"

static void
fields_are_read_in_network_order(void **state)
{
	struct octets wire = octets("01 0203 04050607 0809");
	struct s53_reader reader = s53_reader_of(wire.at, wire.len);

	(void)state;
	assert_int_equal(s53_read_u8(&reader), 0x01);
	assert_int_equal(s53_read_u16(&reader), 0x0203);
	assert_int_equal(s53_read_u32(&reader), 0x04050607);
	assert_memory_equal(s53_read(&reader, 2), "\x08\x09", 2);
	assert_false(reader.bad);
	assert_int_equal(reader.at, reader.len);
}

static void
an_overrun_is_remembered(void **state)
{
	struct octets wire = octets("010203");
	struct s53_reader reader = s53_reader_of(wire.at, wire.len);

	(void)state;
	assert_int_equal(s53_read_u32(&reader), 0);
	assert_true(reader.bad);
	assert_int_equal(reader.at, 0);
	assert_int_equal(s53_read_u8(&reader), 0);
	assert_int_equal(s53_read_u16(&reader), 0);
	assert_null(s53_read(&reader, 0));
	assert_int_equal(reader.at, 0);
}

static void
enormous_lengths_overrun(void **state)
{
	struct octets wire = octets("010203");
	struct s53_reader reader = s53_reader_of(wire.at, wire.len);

	(void)state;
	s53_read_u8(&reader);
	assert_null(s53_read(&reader, SIZE_MAX));
	assert_true(reader.bad);
}

static void
no_field_can_be_read_from_an_empty_message(void **state)
{
	struct s53_reader reader = s53_reader_of(NULL, 0);

	(void)state;
	assert_non_null(s53_read(&reader, 0));
	assert_null(s53_read(&reader, 1));
}

static void
fields_are_written_in_network_order(void **state)
{
	uint8_t out[9];
	struct s53_writer writer = s53_writer_of(out, sizeof(out));

	(void)state;
	s53_write_u8(&writer, 0x01);
	s53_write_u16(&writer, 0x0203);
	s53_write_u32(&writer, 0x04050607);
	s53_write(&writer, "\x08\x09", 2);
	assert_false(writer.full);
	assert_octets(out, writer.at, "010203040506070809");
}

static void
a_full_writer_writes_nothing_more(void **state)
{
	uint8_t out[4] = { 0xaa, 0xaa, 0xaa, 0xaa };
	struct s53_writer writer = s53_writer_of(out, 3);

	(void)state;
	s53_write_u16(&writer, 0x0102);
	s53_write_u16(&writer, 0x0304);
	assert_true(writer.full);
	s53_write_u8(&writer, 0x05);
	s53_write(&writer, NULL, 0);
	assert_int_equal(writer.at, 2);
	assert_octets(out, 4, "0102aaaa");
}

static void
header_fields_are_where_rfc_1035_puts_them(void **state)
{
	struct octets wire = octets("1234 2f85 0001 0002 0003 0004");

	(void)state;
	assert_int_equal(s53_header_id(wire.at), 0x1234);
	assert_int_equal(s53_header_flags(wire.at), 0x2f85);
	assert_int_equal(s53_header_opcode(wire.at), S53_OPCODE_UPDATE);
	assert_int_equal(s53_header_rcode(wire.at), S53_RCODE_REFUSED);
	for (enum s53_section s = S53_QUESTION; s <= S53_ADDITIONAL; s++) {
		assert_int_equal(s53_header_count(wire.at, s), s + 1);
		s53_header_set_count(wire.at, s, (uint16_t)(0xff00 + s));
	}
	s53_header_set_id(wire.at, 0xabcd);
	s53_header_set_flags(wire.at, S53_QR | S53_TC);
	assert_octets(wire.at, wire.len, "abcd 8200 ff00 ff01 ff02 ff03");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read_in_network_order),
		cmocka_unit_test(an_overrun_is_remembered),
		cmocka_unit_test(enormous_lengths_overrun),
		cmocka_unit_test(no_field_can_be_read_from_an_empty_message),
		cmocka_unit_test(fields_are_written_in_network_order),
		cmocka_unit_test(a_full_writer_writes_nothing_more),
		cmocka_unit_test(header_fields_are_where_rfc_1035_puts_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
