import java.io.File;
import org.apache.cassandra.utils.Clock;

/** A wall clock that shows when a file was last modified: it stands until a test moves it. */
public final class FileClock implements Clock {
    private final File file = new File(System.getProperty("test.clock"));

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public long currentTimeMillis() {
        return file.lastModified();
    }
}
