/* test_files.c: files are read completely or rejected, written completely or not at all; and their digests. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/digest.h"
#include "core/files/files.h"

static char folder[] = "/tmp/test-files-XXXXXX";

/* A path in the folder of the test; valid until the fourth call after. */
static const char *in_folder(const char *name) {
	static char paths[4][320];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static int enter(void **state) {
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int leave(void **state) {
	(void)state;
	DIR *d = opendir(folder);

	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] != '.' && unlink(in_folder(e->d_name)) != 0) {
			rmdir(in_folder(e->d_name));
		}
	}
	closedir(d);
	/* Fails if a file with a name that begins with a dot remains. */
	return rmdir(folder);
}

static void put(const char *name, const void *bytes, size_t len) {
	FILE *f = fopen(in_folder(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void expect_content(const char *name, struct text expected) {
	struct fault why = {0};
	struct text got;

	if (file_read(in_folder(name), 1 << 24, &got, &why) != 0) {
		fail_msg("%s", why.message);
	}
	assert_int_equal(got.len, expected.len);
	assert_memory_equal(got.at, expected.at, expected.len);
	assert_int_equal(got.at[got.len], '\0');
	free((char *)(uintptr_t)got.at);
}

static void expect_refused(const char *path, size_t max, int error, const char *message) {
	struct fault why = {0};
	struct text got;

	assert_int_equal(file_read(path, max, &got, &why), error);
	assert_non_null(strstr(why.message, path));
	if (!strstr(why.message, message)) {
		fail_msg("\"%s\" does not say \"%s\"", why.message, message);
	}
}

TEST(read_whole) {
	put("empty", "", 0);
	expect_content("empty", T(""));
	put("nul", "a\0b\n", 4);
	expect_content("nul", (struct text){"a\0b\n", 4});

	struct fault why;
	struct text got;
	assert_int_equal(file_read(in_folder("nul"), 4, &got, &why), 0);
	free((char *)(uintptr_t)got.at);
	expect_refused(in_folder("nul"), 3, ERROR_CONFIG, "is too large, expected at most 3 bytes");
	assert_int_equal(file_read(in_folder("empty"), 0, &got, &why), 0);
	free((char *)(uintptr_t)got.at);
	/* Reports a size of 0, but has content: read to the end. */
	assert_int_equal(file_read("/proc/self/status", 1 << 20, &got, &why), 0);
	assert_true(got.len > 100);
	free((char *)(uintptr_t)got.at);
}

TEST(only_regular_files) {
	assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
	expect_refused(in_folder("pipe"), 100, ERROR_CONFIG, "is a pipe, expected a file");
	expect_refused(folder, 100, ERROR_CONFIG, "is a directory, expected a file");
	expect_refused("/dev/zero", 100, ERROR_CONFIG, "is a device, expected a file");
	expect_refused(in_folder("missing"), 100, ERROR_CONFIG, "No such file");
	expect_refused("-", 100, ERROR_CONFIG, "No such file");
}

static void write_text(const char *path, struct text t) {
	struct outfile *o;
	struct fault why = {0};

	assert_int_equal(outfile_open(&o, path, &why), 0);
	fwrite(t.at, 1, t.len, outfile_stream(o));
	if (outfile_commit(o, &why) != 0) {
		fail_msg("%s", why.message);
	}
}

static size_t raw_size(const char *path) {
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size;
}

TEST(gzip_is_unpacked) {
	static char zeros[3000000];
	char first[4096], second[4096];

	write_text(in_folder("z.gz"), (struct text){zeros, sizeof zeros});
	assert_true(raw_size(in_folder("z.gz")) < 4096);
	expect_content("z.gz", (struct text){zeros, sizeof zeros});
	expect_refused(in_folder("z.gz"), sizeof zeros - 1, ERROR_CONFIG, "is too large when unpacked");

	/* The same bytes on every run: no time in them. */
	write_text(in_folder("a.gz"), T("hello"));
	FILE *f = fopen(in_folder("a.gz"), "r");
	size_t len = fread(first, 1, sizeof first, f);
	fclose(f);
	assert_memory_equal(first, "\x1f\x8b\x08\0\0\0\0\0", 8);
	expect_content("a.gz", T("hello"));

	memcpy(second, first, len);
	memcpy(second + len, first, len);
	put("two", second, 2 * len);
	expect_content("two", T("hellohello"));
	put("cut", first, len - 3);
	expect_refused(in_folder("cut"), 100, ERROR_CONFIG, "gzip data cut off");
	put("head", first, 2);
	expect_refused(in_folder("head"), 100, ERROR_CONFIG, "gzip data cut off");
	memcpy(second + len, "junk", 4);
	put("junk", second, len + 4);
	expect_refused(in_folder("junk"), 100, ERROR_CONFIG, "gzip data damaged");
	first[len - 6] ^= 1;
	put("crc", first, len);
	expect_refused(in_folder("crc"), 100, ERROR_CONFIG, "gzip data damaged");
	write_text(in_folder("nothing.gz"), T(""));
	expect_content("nothing.gz", T(""));
	assert_true(raw_size(in_folder("nothing.gz")) > 0);
}

static int entries(void) {
	DIR *d = opendir(folder);
	int count = 0;

	while (readdir(d)) {
		count++;
	}
	closedir(d);
	return count;
}

static mode_t mode_of(const char *path) {
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode;
}

TEST(untouched_until_commit) {
	struct outfile *o;
	struct fault why;
	int before;

	put("report", "old", 3);
	before = entries();
	assert_int_equal(outfile_open(&o, in_folder("report"), &why), 0);
	fprintf(outfile_stream(o), "new");
	fflush(outfile_stream(o));
	expect_content("report", T("old"));
	assert_in_range(entries(), before, before + 1); /* without a name, where the system can */
	assert_int_equal(outfile_commit(o, &why), 0);
	expect_content("report", T("new"));
	assert_int_equal(entries(), before);

	assert_int_equal(outfile_open(&o, in_folder("report"), &why), 0);
	fprintf(outfile_stream(o), "newest");
	outfile_abandon(o);
	expect_content("report", T("new"));
	assert_int_equal(entries(), before);
	outfile_abandon(NULL);
}

TEST(modes) {
	mode_t old = umask(027);

	write_text(in_folder("fresh"), T("x"));
	assert_int_equal(mode_of(in_folder("fresh")) & 0777, 0640);
	assert_int_equal(chmod(in_folder("fresh"), 0664), 0);
	write_text(in_folder("fresh"), T("y"));
	assert_int_equal(mode_of(in_folder("fresh")) & 0777, 0664);
	umask(old);
}

TEST(links_are_kept) {
	put("target", "old", 3);
	assert_int_equal(symlink("target", in_folder("link")), 0);
	write_text(in_folder("link"), T("new"));
	assert_true(S_ISLNK(mode_of(in_folder("link"))));
	expect_content("target", T("new"));
}

TEST(in_place_of_devices_nothing_is_put) {
	write_text("/dev/null", T("gone"));
	assert_true(S_ISCHR(mode_of("/dev/null")));
}

TEST(a_relative_path) {
	char before[4096];

	assert_non_null(getcwd(before, sizeof before));
	assert_int_equal(chdir(folder), 0);
	write_text("here", T("x"));
	assert_int_equal(chdir(before), 0);
	expect_content("here", T("x"));
}

static void expect_no_open(const char *path, const char *message) {
	struct outfile *o;
	struct fault why = {0};

	assert_int_equal(outfile_open(&o, path, &why), ERROR_IO);
	assert_non_null(strstr(why.message, message));
	assert_non_null(strstr(why.message, path));
}

TEST(where_nothing_can_be_written) {
	expect_no_open(in_folder("no/such"), "No such file");
	expect_no_open(folder, "Is a directory");
	expect_no_open("", "No such file");
}

TEST(a_full_device) {
	struct outfile *o;
	struct fault why = {0};

	assert_int_equal(outfile_open(&o, "/dev/full", &why), 0);
	fprintf(outfile_stream(o), "x");
	assert_int_equal(outfile_commit(o, &why), ERROR_IO);
	assert_string_equal(why.message, "/dev/full: cannot write: No space left on device");
}

/* A write error long before the commit is kept, and the written data are removed. */
TEST(failed_writes) {
	static const char *const names[] = {"big", "big.gz"};
	struct rlimit old, small;
	int before = entries();

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){.rlim_cur = 5000, .rlim_max = old.rlim_max};
	for (size_t k = 0; k < 2; k++) {
		struct outfile *o;
		struct fault why = {0};
		unsigned noise = 1;
		assert_int_equal(outfile_open(&o, in_folder(names[k]), &why), 0);
		setrlimit(RLIMIT_FSIZE, &small);
		for (int i = 0; i < 500000; i++) {
			noise = noise * 1103515245u + 12345u;
			putc((int)(noise >> 24), outfile_stream(o));
		}
		setrlimit(RLIMIT_FSIZE, &old);
		assert_int_equal(outfile_commit(o, &why), ERROR_IO);
		assert_non_null(strstr(why.message, "File too large"));
		assert_int_equal(entries(), before);
	}
}

TEST(standard_output) {
	struct outfile *o;
	struct fault why;

	assert_int_equal(outfile_open(&o, NULL, &why), 0);
	assert_ptr_equal(outfile_stream(o), stdout);
	assert_int_equal(outfile_commit(o, &why), 0);
	assert_int_equal(outfile_open(&o, "-", &why), 0);
	assert_ptr_equal(outfile_stream(o), stdout);
	outfile_abandon(o);
	assert_true(printf("still open\n") > 0);
}

/* Vectors of FIPS 180-4, and of NIST's examples. */
TEST(digests) {
	static const struct {
		struct text bytes;
		const char *hex;
	} cases[] = {
		{{"", 0}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{{"abc", 3}, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56},
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	struct digest *d = digest_new();
	char hex[DIGEST_HEX_MAX];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		digest_add(d, cases[i].bytes);
		digest_finish(d, hex);
		assert_string_equal(hex, cases[i].hex);
		for (size_t k = 0; k < cases[i].bytes.len; k++) {
			digest_add(d, (struct text){cases[i].bytes.at + k, 1});
			digest_add(d, (struct text){NULL, 0});
		}
		digest_finish(d, hex);
		assert_string_equal(hex, cases[i].hex);
	}
	digest_free(d);
	digest_free(NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_whole),
		cmocka_unit_test(only_regular_files),
		cmocka_unit_test(gzip_is_unpacked),
		cmocka_unit_test(untouched_until_commit),
		cmocka_unit_test(modes),
		cmocka_unit_test(links_are_kept),
		cmocka_unit_test(in_place_of_devices_nothing_is_put),
		cmocka_unit_test(a_relative_path),
		cmocka_unit_test(where_nothing_can_be_written),
		cmocka_unit_test(a_full_device),
		cmocka_unit_test(failed_writes),
		cmocka_unit_test(standard_output),
		cmocka_unit_test(digests),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
