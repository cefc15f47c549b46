/* test_bundle.c: packed records and entries, and their files. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/files/bundle.h"
#include "core/files/pack.h"
#include "core/quality_lines.h"

static const char path[] = "test_bundle.tmp";

static uint64_t next(uint64_t *seed) {
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

/* ---- packing ---- */

TEST(test_numbers) {
	const int64_t numbers[] = {0, 1, -1, 63, 64, -64, -65, INT64_MAX, INT64_MIN, UNKNOWN, 1778576170000094844};
	char bytes[16];

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		size_t len = (size_t)(pack_i64(bytes, numbers[i]) - bytes);
		int64_t got = 7;
		struct text t = {bytes, len};
		assert_true(unpack_i64(&t, &got));
		assert_int_equal(got, numbers[i]);
		assert_int_equal(t.len, 0);
		t = (struct text){bytes, len - 1}; /* cut off */
		assert_false(unpack_i64(&t, &got));
	}
}

static void same_record(const struct record *a) {
	char one[PACK_MAX], two[PACK_MAX];
	struct record b;
	size_t len = record_pack(a, one);
	struct text t = {one, len};

	assert_true(record_unpack(&t, &b));
	assert_int_equal(t.len, 0);
	assert_int_equal(record_pack(&b, two), len);
	assert_memory_equal(one, two, len);
	for (size_t cut = 0; cut < len; cut++) {
		t = (struct text){one, cut};
		assert_false(record_unpack(&t, &b));
	}
}

TEST(test_records) {
	struct record r;

	memset(&r, 0, sizeof r);
	r.kind = RECORD_STEP;
	r.replica = T("r-1");
	r.model = T("m");
	r.relative_clock = true;
	r.file = UINT32_MAX;
	r.line = 1;
	r.step = (struct step){.index = UNKNOWN, .start_ns = 5, .gpu_ns = 6, .prefill_kv_tokens = UNKNOWN,
	                       .duration_kind = DURATION_LOG_GAP, .flags = STEP_COARSE_CLOCK | STEP_DUMMY};
	same_record(&r);
	r.kind = RECORD_REQUEST;
	r.request = (struct request){.id = T("id"), .tenant = T("t"), .prefill_replica = T("p"), .arrival_ns = 1,
	                             .finish_ns = UNKNOWN, .preemptions = 3, .ok = true, .exclusive_times = true};
	same_record(&r);
	r.kind = RECORD_WINDOW;
	r.window = (struct window){.tenant = T("t"), .start_ns = 1, .end_ns = 2, .running = 4, .input_is_computed = true};
	same_record(&r);
	r.kind = RECORD_POWER;
	r.power = (struct power){.gpu = T("GPU-0"), .at_ns = -1, .milliwatts = 412350};
	same_record(&r);
}

/* Every field of a record is restored, each at its place. */
TEST(test_fields) {
	struct record r, back;
	char bytes[PACK_MAX];

	memset(&r, 0, sizeof r);
	r.kind = RECORD_REQUEST;
	r.request = (struct request){.id = T("id"), .arrival_ns = 1, .scheduled_ns = 2, .first_token_ns = 3, .finish_ns = 4,
	                             .prompt_tokens = 5, .cached_tokens = 6, .cache_write_tokens = 7, .completion_tokens = 8,
	                             .reasoning_tokens = 9, .preemptions = 10, .service = SERVICE_FLEX, .gateway = true};
	struct text t = {bytes, record_pack(&r, bytes)};
	assert_true(record_unpack(&t, &back));
	assert_true(text_eq(back.request.id, T("id")));
	assert_int_equal(back.request.scheduled_ns, 2);
	assert_int_equal(back.request.first_token_ns, 3);
	assert_int_equal(back.request.cache_write_tokens, 7);
	assert_int_equal(back.request.reasoning_tokens, 9);
	assert_int_equal(back.request.service, SERVICE_FLEX);
	assert_false(back.request.ok);
	assert_true(back.request.gateway);
	assert_false(back.request.exclusive_times);
}

TEST(test_entries) {
	struct names *names = names_new(), *others = names_new();
	struct entry e, back;
	char bytes[PACK_MAX];

	memset(&e, 0, sizeof e);
	names_id(others, T("takes a number"));
	e = (struct entry){.slot_ns = 1, .replica = names_id(names, T("r")), .model = names_id(names, T("m")),
	                   .tenant = names_id(names, T("t")), .kind = ENTRY_OUTPUT, .grade = GRADE_NONE, .service = SERVICE_OTHER,
	                   .prompt_over_ntok = 2, .rate_nano = -1, .gpu_ns = 3, .tokens = 4, .requests = 5,
	                   .reasoning_tokens = 6, .cache_write_tokens = 7, .spread_ns = 8, .energy_mj = 9, .metered_ns = 10};
	struct text t = {bytes, entry_pack(&e, names, bytes)};
	assert_true(entry_unpack(&t, others, &back));
	assert_string_equal(names_text(others, back.tenant).at, "t");
	assert_int_equal(back.pool, 0);
	assert_int_equal(back.kind, ENTRY_OUTPUT);
	assert_int_equal(back.grade, GRADE_NONE);
	assert_int_equal(back.rate_nano, -1);
	assert_int_equal(back.metered_ns, 10);
	assert_int_equal(back.spread_ns, 8);
	assert_int_equal(back.service, SERVICE_OTHER);
	names_free(names);
	names_free(others);
}

/* ---- files ---- */

#define REPLICAS 300

static void write_file(const char *notes) {
	struct bundle_writer *w;
	struct fault why;
	char replica[32], item[64];

	assert_int_equal(bundle_create(&w, path, &why), 0);
	for (int i = 0; i < REPLICAS; i++) {
		snprintf(replica, sizeof replica, "replica-%05d", i);
		for (int k = 0; k <= i; k++) {
			snprintf(item, sizeof item, "item %d of %d", k, i);
			assert_int_equal(bundle_add(w, text_of(replica), text_of(item), &why), 0);
		}
	}
	assert_int_equal(bundle_commit(w, text_of(notes), &why), 0);
}

struct seen {
	int64_t items;
	uint64_t sum;
	int replicas;
};

static int count(void *context, struct text item, struct fault *why) {
	struct seen *s = context;

	(void)why;
	assert_true(text_starts(item, T("item ")));
	s->items++;
	s->sum += text_hash(item);
	return 0;
}

/* All of it, or the first error. */
static int read_file_whole(struct seen *s, struct fault *why) {
	struct bundle_part part;
	struct bundle *b;
	struct text notes;
	int rc = bundle_open(&b, path, why), got;

	while (rc == 0 && (got = bundle_next(b, &part, why)) != 0) {
		rc = got < 0 ? got : bundle_read(b, &part, count, s, why);
		s->replicas++;
	}
	if (rc == 0) {
		rc = bundle_notes(b, &notes, why);
	}
	if (rc == 0) {
		assert_true(text_eq(notes, T("a note\nanother\n")));
		free((void *)(uintptr_t)notes.at);
	}
	bundle_close(b);
	return rc;
}

TEST(test_whole) {
	struct seen s = {0};
	struct fault why;

	write_file("a note\nanother\n");
	assert_int_equal(read_file_whole(&s, &why), 0);
	assert_int_equal(s.replicas, REPLICAS);
	assert_int_equal(s.items, REPLICAS * (REPLICAS + 1) / 2);
	unlink(path);
}

static void put_bytes(const char *bytes, size_t len) {
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

/* A changed bit or a truncated end is detected at any place, except where it has no effect (a frame's window). */
TEST(test_damage) {
	static char bytes[1 << 20];
	uint64_t seed = 88172645463325252u;
	struct seen good = {0};
	int unnoticed = 0;
	struct fault why;

	write_file("a note\nanother\n");
	assert_int_equal(read_file_whole(&good, &why), 0);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t len = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	assert_in_range(len, 1000, sizeof bytes - 1);
	for (int i = 0; i < 400; i++) {
		struct seen s = {0};
		size_t at = next(&seed) % len;
		char bit = (char)(1 << next(&seed) % 8);
		if (i % 4 == 0) {
			put_bytes(bytes, at);
		} else {
			bytes[at] ^= bit;
			put_bytes(bytes, len);
			bytes[at] ^= bit;
		}
		int rc = read_file_whole(&s, &why);
		if (rc == 0) {
			assert_memory_equal(&s, &good, sizeof s);
			unnoticed++;
		} else {
			assert_in_range(-rc, -ERROR_IO, -ERROR_CONFIG);
		}
	}
	assert_in_range(unnoticed, 0, 20);
	unlink(path);
}

/* A frame whose bytes fill the reader's buffer to the last one has ended: it isn't read on as another. */
TEST(test_full_buffer) {
	static char bytes[(size_t)3 << 17];
	const size_t around = 4;

	memset(bytes, 'n', sizeof bytes);
	for (size_t whole = (size_t)1 << 16; whole < sizeof bytes; whole += (size_t)1 << 16) {
		for (size_t len = whole - around; len <= whole + around; len++) {
			struct bundle_writer *w;
			struct bundle *b;
			struct text notes;
			struct fault why;
			assert_int_equal(bundle_create(&w, path, &why), 0);
			assert_int_equal(bundle_commit(w, (struct text){bytes, len}, &why), 0);
			assert_int_equal(bundle_open(&b, path, &why), 0);
			assert_int_equal(bundle_notes(b, &notes, &why), 0);
			assert_int_equal(notes.len, len);
			free((void *)(uintptr_t)notes.at);
			bundle_close(b);
		}
	}
	unlink(path);
}

/* ---- problems of logs ---- */

static char *lines_of(const struct quality *q) {
	char *at;
	size_t len;
	FILE *out = open_memstream(&at, &len);

	assert_non_null(out);
	quality_write_lines(q, out);
	fclose(out);
	return at;
}

TEST(test_quality) {
	struct quality q, back;
	struct json *j = json_new();
	struct text line;

	quality_init(&q);
	quality_init(&back);
	q.lines = 9;
	q.steps = 4;
	q.unknown_keys = 1;
	quality_reject(&q, "invalid JSON", "a \"b\"\n.log", 3, 17);
	quality_reject(&q, "invalid JSON", "a", 4, 1);
	quality_damage(&q, "x.gz", "cut off", 77);
	quality_warn(&q, "a tab\t and more");
	quality_add_input(&q, &(struct quality_input){.file = "x", .bytes = 5, .sha256 = "ab", .format = "vllm", .index = 2});
	char *one = lines_of(&q);
	struct text left = text_of(one);
	while (text_until(&left, T("\n"), &line)) {
		assert_true(json_parse(j, line, NULL));
		assert_true(quality_read_line(&back, j));
	}
	char *two = lines_of(&back);
	assert_string_equal(one, two);
	assert_int_equal(back.rejects[0].lines, 2);
	assert_true(json_parse(j, T("{\"nothing\":1}"), NULL));
	assert_false(quality_read_line(&back, j));
	free(one);
	free(two);
	json_free(j);
	quality_release(&q);
	quality_release(&back);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_records), cmocka_unit_test(test_fields),
		cmocka_unit_test(test_entries), cmocka_unit_test(test_whole),   cmocka_unit_test(test_damage),
		cmocka_unit_test(test_full_buffer), cmocka_unit_test(test_quality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
