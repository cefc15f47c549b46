/* Folders that are written next to their target: leftovers go, others stay, and what is there is never overwritten. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/segments/part.h"
#include "tests/unit/ingest_help.h"

static void folder(const struct place *p, const char *name) {
	char path[256];

	assert_int_equal(mkdir(place_path(p, name, path), 0700), 0);
}

static bool is_there(const struct place *p, const char *name) {
	char path[256];

	return access(place_path(p, name, path), F_OK) == 0;
}

static int count_in(const char *folder_path, const char *part) {
	char command[400];
	int n = -1;

	snprintf(command, sizeof command, "ls -A '%s' | grep -c -- '%s'", folder_path, part);
	FILE *out = popen(command, "r");
	assert_int_equal(fscanf(out, "%d", &n), 1);
	pclose(out);
	return n;
}

/* Of a killed process: without a lock, with nothing but files of exports and books. */
TEST(leftovers_go) {
	struct place place;
	struct ledger_transfer t = {0};
	struct part p;
	struct fault why = {0};
	char target[256], locked[256], path[256];

	place_init(&place);
	folder(&place, "x.part-AAAAAA");
	folder(&place, "x.part-AAAAAA/records");
	place_write(&place, "x.part-AAAAAA/manifest.jsonl", T("{}"));
	place_write(&place, "x.part-AAAAAA/ledger.sqlite", T(""));
	place_write(&place, "x.part-AAAAAA/.tollbook-1234.tmp", T(""));
	folder(&place, "x.part-BBBBBB");
	place_write(&place, "x.part-BBBBBB/thesis.txt", T("of another program"));
	folder(&place, "x.part-CCCCCC"); /* another process writes it */
	int fd = open(place_path(&place, "x.part-CCCCCC", locked), O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	folder(&place, "x.part-");         /* other names */
	folder(&place, "x.part-toolong");
	folder(&place, "y.part-AAAAAA");
	place_write(&place, "x.part-DDDDDD", T("a file"));
	assert_int_equal(symlink("/tmp", place_path(&place, "x.part-EEEEEE", path)), 0);
	place_path(&place, "x///", target);
	assert_int_equal(part_begin(&p, target, &t, &why), 0);

	assert_int_equal(t.cleared, 1);
	assert_true(is_there(&place, "x.part-BBBBBB/thesis.txt"));
	assert_true(is_there(&place, "x.part-CCCCCC"));
	assert_true(is_there(&place, "x.part-"));
	assert_true(is_there(&place, "x.part-toolong"));
	assert_true(is_there(&place, "y.part-AAAAAA"));
	assert_true(is_there(&place, "x.part-DDDDDD"));
	assert_true(is_there(&place, "x.part-EEEEEE"));
	assert_int_equal(part_end(&p, 0, &why), 0);
	assert_true(is_there(&place, "x"));
	close(fd);
	place_release(&place);
}

TEST(the_target) {
	struct place place;
	struct ledger_transfer t = {0};
	struct part p;
	struct fault why = {0};
	char target[256], path[PART_PATH_MAX + 20];

	place_init(&place);
	/* a file, a folder with content */
	place_write(&place, "file", T(""));
	assert_int_equal(part_begin(&p, place_path(&place, "file", target), &t, &why), ERROR_CONFIG);
	assert_non_null(strstr(why.message, "exists and is not a folder"));
	folder(&place, "full");
	place_write(&place, "full/a", T(""));
	assert_int_equal(part_begin(&p, place_path(&place, "full", target), &t, &why), ERROR_CONFIG);
	assert_non_null(strstr(why.message, "exists and is not empty"));
	/* a path that leads nowhere, or is too long */
	assert_int_equal(part_begin(&p, place_path(&place, "no/where", target), &t, &why), ERROR_IO);
	assert_non_null(strstr(why.message, "cannot make a folder next to it: No such file"));
	char *deep = must_alloc(5000);
	memset(deep, 'a', 4999);
	deep[4999] = '\0';
	assert_int_equal(part_begin(&p, deep, &t, &why), ERROR_IO);
	free(deep);
	/* an empty one is replaced; a failed one leaves nothing */
	folder(&place, "empty");
	assert_int_equal(part_begin(&p, place_path(&place, "empty", target), &t, &why), 0);
	snprintf(path, sizeof path, "%s/records", p.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(part_end(&p, ERROR_IO, &why), ERROR_IO);
	assert_false(is_there(&place, "empty"));
	assert_int_equal(count_in(place.at, "empty"), 0);
	/* filled, or a file, by another program meanwhile: that stays */
	assert_int_equal(part_begin(&p, place_path(&place, "late", target), &t, &why), 0);
	folder(&place, "late");
	place_write(&place, "late/theirs", T("x"));
	assert_int_equal(part_end(&p, 0, &why), ERROR_CONFIG);
	assert_true(is_there(&place, "late/theirs"));
	assert_int_equal(part_begin(&p, place_path(&place, "file2", target), &t, &why), 0);
	place_write(&place, "file2", T("x"));
	assert_int_equal(part_end(&p, 0, &why), ERROR_CONFIG);
	assert_true(is_there(&place, "file2"));
	assert_int_equal(count_in(place.at, "part-"), 0);
	/* its own folder has vanished */
	assert_int_equal(part_begin(&p, place_path(&place, "gone", target), &t, &why), 0);
	assert_int_equal(rmdir(p.folder), 0);
	assert_int_equal(part_end(&p, 0, &why), ERROR_IO);
	/* in the working folder */
	assert_int_equal(chdir(place.at), 0);
	folder(&place, "here.part-AAAAAA");
	t.cleared = 0;
	assert_int_equal(part_begin(&p, "here", &t, &why), 0);
	assert_int_equal(t.cleared, 1);
	assert_int_equal(part_end(&p, 0, &why), 0);
	assert_true(is_there(&place, "here"));
	assert_int_equal(chdir("/"), 0);
	place_release(&place);
}

static bool asked;

static bool is_asked(void *context) {
	(void)context;
	return asked;
}

TEST(stops) {
	struct ledger_transfer t = {0};
	struct fault why = {0};

	assert_int_equal(transfer_go_on(&t, &why), 0);
	t.stopped = is_asked;
	assert_int_equal(transfer_go_on(&t, &why), 0);
	asked = true;
	assert_int_equal(transfer_go_on(&t, &why), ERROR_IO);
	assert_string_equal(why.message, "stopped by a signal; nothing was written");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leftovers_go),
		cmocka_unit_test(the_target),
		cmocka_unit_test(stops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
