# packaging/release writes the hash of the source archive in place of the zeros; OWNER is the publisher. Not tried on a Mac.
class Tollbook < Formula
  desc "Cost per token from the logs of LLM serving engines"
  homepage "https://github.com/OWNER/tollbook"
  url "https://github.com/OWNER/tollbook/releases/download/v0.2.0/tollbook-0.2.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on "pkgconf" => :build
  depends_on "libpq" => :optional
  depends_on "nettle"
  depends_on "pcre2"
  depends_on "sqlite"
  depends_on "zstd"
  uses_from_macos "zlib"

  resource "jsmn" do
    url "https://github.com/zserge/jsmn.git", tag: "v1.1.0"
  end

  def install
    resource("jsmn").stage(buildpath/"include")
    system "make", "install", "prefix=#{prefix}", "CFLAGS=-O2 -I#{buildpath}/include"
  end

  test do
    (testpath/"r.jsonl").write <<~JSON
      {"schema":"tollbook.window.v1","replica":"a","model":"m","start_ns":1790000000000000000,"end_ns":1790003600000000000,"input_tokens":1000,"cached_tokens":0,"output_tokens":100,"requests":1,"prefill_gpu_ns":1000000000,"decode_gpu_ns":1000000000}
    JSON
    assert_match "tollbook #{version}", shell_output("#{bin}/tollbook run --gpu-hour 2 r.jsonl", 1)
  end
end
