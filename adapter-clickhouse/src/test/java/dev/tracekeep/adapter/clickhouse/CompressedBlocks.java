package dev.tracekeep.adapter.clickhouse;

import com.clickhouse.data.ClickHouseCityHash;
import com.github.luben.zstd.Zstd;
import java.io.EOFException;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import net.jpountz.lz4.LZ4Factory;

/**
 * ClickHouse's framing of compressed data: a checksum of 16 bytes, the method, the compressed
 * length with these nine bytes, the length of the data, the data.
 */
@SuppressWarnings("deprecation") // ClickHouse's CityHash is an old one that no other library has
final class CompressedBlocks {
  private static final byte LZ4 = (byte) 0x82;
  private static final byte ZSTD = (byte) 0x90;
  private static final byte NONE = 0x02;
  private static final int CHECKSUM = 16;
  private static final int HEADER = 9;
  private static final int BLOCK = 1 << 20;
  private static final int LARGEST = 1 << 30;

  private CompressedBlocks() {}

  /** Reads the data within blocks. */
  static final class Input extends InputStream {
    private final InputStream blocks;
    private byte[] block = new byte[0];
    private int next;

    Input(InputStream blocks) {
      this.blocks = blocks;
    }

    @Override
    public int read() throws IOException {
      return hasMore() ? block[next++] & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (!hasMore()) {
        return -1;
      }
      int part = Math.min(length, block.length - next);
      System.arraycopy(block, next, target, offset, part);
      next += part;
      return part;
    }

    private boolean hasMore() throws IOException {
      while (next == block.length) {
        byte[] checksum = blocks.readNBytes(CHECKSUM);
        if (checksum.length == 0) {
          return false;
        }
        block = readBlock(checksum);
        next = 0;
      }
      return true;
    }

    private byte[] readBlock(byte[] checksum) throws IOException {
      byte[] head = blocks.readNBytes(HEADER);
      if (checksum.length < CHECKSUM || head.length < HEADER) {
        throw new EOFException("A compressed block ends in its head");
      }
      ByteBuffer numbers = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
      int compressed = numbers.getInt(1);
      int length = numbers.getInt(5);
      if (compressed < HEADER || compressed > LARGEST || length < 0 || length > LARGEST) {
        throw new IOException("A compressed block has a length that cannot be");
      }
      byte[] framed = new byte[compressed];
      System.arraycopy(head, 0, framed, 0, HEADER);
      if (blocks.readNBytes(framed, HEADER, compressed - HEADER) < compressed - HEADER) {
        throw new EOFException("A compressed block is cut off");
      }
      long[] hash = ClickHouseCityHash.cityHash128(framed, 0, compressed);
      ByteBuffer expected = ByteBuffer.wrap(checksum).order(ByteOrder.LITTLE_ENDIAN);
      if (expected.getLong(0) != hash[0] || expected.getLong(8) != hash[1]) {
        throw new IOException("The checksum of a compressed block does not match");
      }
      byte[] data = new byte[length];
      switch (head[0]) {
        case LZ4 ->
            LZ4Factory.fastestJavaInstance()
                .safeDecompressor()
                .decompress(framed, HEADER, compressed - HEADER, data, 0);
        case ZSTD -> Zstd.decompressByteArray(data, 0, length, framed, HEADER, compressed - HEADER);
        case NONE -> System.arraycopy(framed, HEADER, data, 0, length);
        default -> throw new IOException("Unknown compression method " + (head[0] & 0xff));
      }
      return data;
    }
  }

  /** Writes data as blocks of LZ4, as a server does unless it is told otherwise. */
  static final class Output extends FilterOutputStream {
    private final byte[] block = new byte[BLOCK];
    private int filled;

    Output(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] data, int offset, int length) throws IOException {
      int done = 0;
      while (done < length) {
        int part = Math.min(length - done, BLOCK - filled);
        System.arraycopy(data, offset + done, block, filled, part);
        filled += part;
        done += part;
        if (filled == BLOCK) {
          endBlock();
        }
      }
    }

    private void endBlock() throws IOException {
      if (filled == 0) {
        return;
      }
      byte[] compressed =
          LZ4Factory.fastestJavaInstance().fastCompressor().compress(block, 0, filled);
      ByteBuffer framed =
          ByteBuffer.allocate(HEADER + compressed.length).order(ByteOrder.LITTLE_ENDIAN);
      framed.put(LZ4).putInt(framed.capacity()).putInt(filled).put(compressed);
      long[] hash = ClickHouseCityHash.cityHash128(framed.array(), 0, framed.capacity());
      ByteBuffer checksum = ByteBuffer.allocate(CHECKSUM).order(ByteOrder.LITTLE_ENDIAN);
      checksum.putLong(hash[0]).putLong(hash[1]);
      out.write(checksum.array());
      out.write(framed.array());
      filled = 0;
    }

    @Override
    public void flush() throws IOException {
      endBlock();
      super.flush();
    }
  }
}
