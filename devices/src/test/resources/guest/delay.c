/*
 * In a guest: plays or records markers and prints what ALSA tells of the delay at each of them.
 *
 *   delay clock                                         prints this machine's clocks
 *   delay play|record RATE PERIOD BUFFER COUNT SPREAD   on the device $CARD, sizes in frames
 *
 * A marker is one frame in silence whose left sample is 256 times its number, 1 to 100. For each it prints
 *
 *   marker NUMBER DELAY CYCLES
 *
 * Playing: the delay that was told before the marker was written, which is the next frame then. Recording: that of the
 * marker when it was read. CYCLES is the processor's counter at that time: guest and host, on the same machine, share it.
 * With SPREAD 1 the question is asked at any time between two periods, else when a period has just gone.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of libasound, whose headers are not needed for these few. */
typedef struct _snd_pcm snd_pcm_t;
typedef struct _snd_pcm_hw_params snd_pcm_hw_params_t;
int snd_pcm_open(snd_pcm_t **, const char *, int, int);
int snd_pcm_close(snd_pcm_t *);
int snd_pcm_hw_params_malloc(snd_pcm_hw_params_t **);
int snd_pcm_hw_params_any(snd_pcm_t *, snd_pcm_hw_params_t *);
int snd_pcm_hw_params_set_access(snd_pcm_t *, snd_pcm_hw_params_t *, int);
int snd_pcm_hw_params_set_format(snd_pcm_t *, snd_pcm_hw_params_t *, int);
int snd_pcm_hw_params_set_channels(snd_pcm_t *, snd_pcm_hw_params_t *, unsigned);
int snd_pcm_hw_params_set_rate(snd_pcm_t *, snd_pcm_hw_params_t *, unsigned, int);
int snd_pcm_hw_params_set_period_size(snd_pcm_t *, snd_pcm_hw_params_t *, unsigned long, int);
int snd_pcm_hw_params_set_buffer_size(snd_pcm_t *, snd_pcm_hw_params_t *, unsigned long);
int snd_pcm_hw_params(snd_pcm_t *, snd_pcm_hw_params_t *);
int snd_pcm_recover(snd_pcm_t *, int, int);
int snd_pcm_start(snd_pcm_t *);
int snd_pcm_drain(snd_pcm_t *);
int snd_pcm_wait(snd_pcm_t *, int);
int snd_pcm_delay(snd_pcm_t *, long *);
long snd_pcm_avail_update(snd_pcm_t *);
long snd_pcm_writei(snd_pcm_t *, const void *, unsigned long);
long snd_pcm_readi(snd_pcm_t *, void *, unsigned long);
const char *snd_strerror(int);

enum { PLAYBACK = 0, CAPTURE = 1, RW_INTERLEAVED = 3, S16_LE = 2 };

static snd_pcm_t *pcm;

static void check(const char *what, long result)
{
	if (result < 0) {
		printf("error %s: %s\n", what, snd_strerror(result));
		exit(1);
	}
}

/* Prepares the stream again if the result says that it had an xrun. */
static int recovered(long result)
{
	if (result != -32)
		return 0;
	printf("xrun\n");
	check("recover", snd_pcm_recover(pcm, result, 1));
	return 1;
}

/* What ALSA tells, or -1 if there was an xrun. */
static long delay(uint64_t *cycles)
{
	long frames = 0;
	int result = snd_pcm_delay(pcm, &frames);
	*cycles = __builtin_ia32_rdtsc();
	if (recovered(result))
		return -1;
	check("delay", result);
	return frames;
}

static void nap(long micros)
{
	struct timespec time = { micros / 1000000, micros % 1000000 * 1000 };
	nanosleep(&time, NULL);
}

static void open_pcm(int stream, unsigned rate, unsigned long period, unsigned long buffer)
{
	snd_pcm_hw_params_t *hw;
	check("open", snd_pcm_open(&pcm, getenv("CARD"), stream, 0));
	check("hw_params_malloc", snd_pcm_hw_params_malloc(&hw));
	check("any", snd_pcm_hw_params_any(pcm, hw));
	check("access", snd_pcm_hw_params_set_access(pcm, hw, RW_INTERLEAVED));
	check("format", snd_pcm_hw_params_set_format(pcm, hw, S16_LE));
	check("channels", snd_pcm_hw_params_set_channels(pcm, hw, 2));
	check("rate", snd_pcm_hw_params_set_rate(pcm, hw, rate, 0));
	check("period", snd_pcm_hw_params_set_period_size(pcm, hw, period, 0));
	check("buffer", snd_pcm_hw_params_set_buffer_size(pcm, hw, buffer));
	check("hw_params", snd_pcm_hw_params(pcm, hw));
}

static void play(unsigned rate, long period, long buffer, int count, int spread)
{
	int16_t *frames = calloc(period, 4);
	/* A marker every fifth of a second, behind a start of half a second. */
	long apart = (rate / 5 + period - 1) / period, first = (rate / 2 + buffer) / period;
	long periods = first + count * apart;
	for (long i = 0; i < periods; i++) {
		int number = i >= first && (i - first) % apart == 0 ? 1 + (i - first) / apart % 100 : 0;
		if (number) {
			uint64_t cycles;
			if (spread) {
				snd_pcm_wait(pcm, 5000);
				nap((long)(rand() % 1000 / 1000.0 * period * 1e6 / rate));
			}
			long told = delay(&cycles);
			if (told >= 0)
				printf("marker %d %ld %llu\n", number, told, (unsigned long long)cycles);
		}
		frames[0] = number * 256;
		for (long done = 0; done < period;) {
			long taken = snd_pcm_writei(pcm, frames + 2 * done, period - done);
			if (recovered(taken))
				continue;
			check("write", taken);
			done += taken;
		}
	}
	check("drain", snd_pcm_drain(pcm));
}

static void record(unsigned rate, long period, int count, int spread)
{
	int16_t *frames = calloc(period, 4);
	check("start", snd_pcm_start(pcm));
	for (int found = 0; found < count;) {
		uint64_t cycles;
		long avail = snd_pcm_avail_update(pcm);
		if (avail >= 0 && avail < period) {
			snd_pcm_wait(pcm, 5000);
			continue;
		}
		if (spread)
			nap((long)(rand() % 1000 / 1000.0 * period * 1e6 / rate));
		long told = delay(&cycles);
		long taken = told < 0 ? -1 : snd_pcm_readi(pcm, frames, period);
		if (told < 0 || recovered(taken)) {
			check("start", snd_pcm_start(pcm));
			continue;
		}
		check("read", taken);
		for (long i = 0; i < taken; i++) {
			if (frames[2 * i] != 0) {
				printf("marker %d %ld %llu\n", frames[2 * i] / 256, told - i,
				       (unsigned long long)cycles);
				found++;
			}
		}
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 2 && strcmp(argv[1], "clock") == 0) {
		struct timespec time;
		clock_gettime(CLOCK_MONOTONIC, &time);
		printf("%llu %lld\n", (unsigned long long)__builtin_ia32_rdtsc(),
		       time.tv_sec * 1000000000LL + time.tv_nsec);
		return 0;
	}
	if (argc != 7)
		return 2;
	unsigned rate = atoi(argv[2]);
	long period = atol(argv[3]), buffer = atol(argv[4]);
	int playing = strcmp(argv[1], "play") == 0;
	open_pcm(playing ? PLAYBACK : CAPTURE, rate, period, buffer);
	if (playing)
		play(rate, period, buffer, atoi(argv[5]), atoi(argv[6]));
	else
		record(rate, period, atoi(argv[5]), atoi(argv[6]));
	snd_pcm_close(pcm);
	return 0;
}
