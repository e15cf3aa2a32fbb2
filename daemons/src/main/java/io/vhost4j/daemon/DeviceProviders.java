package io.vhost4j.daemon;

import io.vhost4j.device.VirtioDeviceProvider;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** The kinds of device on the class path. */
final class DeviceProviders {
  /** Where jars name their devices, and what devices find by names of their own. */
  private static final String SERVICES = "META-INF/services/";

  private static final String OURS = "io.vhost4j.";

  private DeviceProviders() {}

  /**
   * All of them, by name.
   *
   * @throws java.util.ServiceConfigurationError if one cannot be loaded
   * @throws StartException if two have the same name
   */
  static List<VirtioDeviceProvider> all() throws StartException {
    List<VirtioDeviceProvider> providers = new ArrayList<>();
    ServiceLoader.load(VirtioDeviceProvider.class).forEach(providers::add);
    providers.sort(Comparator.comparing(VirtioDeviceProvider::name));
    for (int i = 1; i < providers.size(); i++) {
      String name = providers.get(i).name();
      if (name.equals(providers.get(i - 1).name())) {
        throw new StartException(
            "two devices are called '%s', %s and %s: remove one of their jars"
                .formatted(
                    name,
                    providers.get(i - 1).getClass().getName(),
                    providers.get(i).getClass().getName()));
      }
    }
    return providers;
  }

  /**
   * The one of this name.
   *
   * @throws UsageException if there is none
   */
  static VirtioDeviceProvider named(String name) throws StartException, UsageException {
    List<VirtioDeviceProvider> providers = all();
    for (VirtioDeviceProvider provider : providers) {
      if (provider.name().equals(name)) {
        return provider;
      }
    }
    throw new UsageException(
        providers.stream()
            .map(VirtioDeviceProvider::name)
            .collect(Collectors.joining(" or ", "there is no device '" + name + "': choose ", "")));
  }

  /**
   * Java takes a jar that is none, or that has nothing for us, without a word.
   *
   * @param path value of {@code VHOST4J_PATH}, null or empty if the user has no further jars
   * @param classPath that of the Java virtual machine: our jar, then what {@code path} has become
   * @throws StartException if there are further jars, and none has a device or a part of one
   */
  static void requireServices(@Nullable String path, String classPath) throws StartException {
    if (path == null
        || path.isEmpty()
        || Stream.of(classPath.split(File.pathSeparator, -1))
            .skip(1)
            .anyMatch(entry -> hasServices(Path.of(entry)))) {
      return;
    }
    throw new StartException(
        "VHOST4J_PATH=%s: no device or backend is found there; correct it, or unset it"
            .formatted(path));
  }

  private static boolean hasServices(Path entry) {
    if (Files.isDirectory(entry)) {
      try (Stream<Path> services = Files.list(entry.resolve(SERVICES))) {
        return services.anyMatch(file -> String.valueOf(file.getFileName()).startsWith(OURS));
      } catch (IOException e) {
        return false;
      }
    }
    try (ZipFile jar = new ZipFile(entry.toFile())) {
      return jar.stream().anyMatch(file -> file.getName().startsWith(SERVICES + OURS));
    } catch (IOException e) {
      return false;
    }
  }
}
