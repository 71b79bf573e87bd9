// jpeg.c: JPEG files through libjpeg: grey and RGB, baseline and progressive, 8 bits. Called by image.c.
// Invariant: libjpeg allocates nothing that grows with the picture before the file has been found long enough for it,
// and corrupt data is an error: half a picture is not a picture.
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include "codec.h"

typedef struct jpeg_callbacks {
  struct jpeg_error_mgr errors; // first: libjpeg hands this back
  struct jpeg_progress_mgr progress;
  image_job *job;
} jpeg_callbacks;

static image_job *job_of(j_common_ptr jpeg) { return ((jpeg_callbacks *)jpeg->err)->job; }

static void jpeg_give_up(j_common_ptr jpeg, const char *text) {
  image_job *j = job_of(jpeg);
  if (text != j->text) snprintf(j->text, sizeof j->text, "%s", text);
  longjmp(j->failed, 1);
}

static void jpeg_fail(j_common_ptr jpeg) {
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  jpeg_give_up(jpeg, text);
}

static void jpeg_message(j_common_ptr jpeg, int level) { // level -1: corrupt data
  if (level < 0) jpeg_fail(jpeg);
}

static void jpeg_quiet(j_common_ptr jpeg) { (void)jpeg; }

// libjpeg calls it between rows of blocks, within each scan too.
static void jpeg_progress(j_common_ptr jpeg) {
  enum { SCANS = 100 }; // encoders write about ten
  if (image_stopped(job_of(jpeg))) jpeg_give_up(jpeg, job_of(jpeg)->text);
  if (jpeg->is_decompressor && ((j_decompress_ptr)jpeg)->input_scan_number > SCANS) {
    jpeg_give_up(jpeg, "more than 100 scans");
  }
}

static struct jpeg_error_mgr *jpeg_callbacks_init(jpeg_callbacks *c, image_job *j) {
  jpeg_std_error(&c->errors);
  c->errors.error_exit = jpeg_fail;
  c->errors.emit_message = jpeg_message;
  c->errors.output_message = jpeg_quiet;
  c->progress = (struct jpeg_progress_mgr){.progress_monitor = jpeg_progress};
  c->job = j;
  return &c->errors;
}

// ---- reading ------------------------------------------------------------------------------------

// Every block has a Huffman code of its first coefficient, of at least one bit, and in a sequential file a code of the
// other 63, at least of their end (ITU T.81, F.1.2 and G.1.2). Arithmetic coding has no such bound.
static const char *jpeg_refusal(const struct jpeg_decompress_struct *jpeg) {
  uint64_t blocks = 0;
  for (int i = 0; i < jpeg->num_components; i++) {
    blocks += (uint64_t)jpeg->comp_info[i].width_in_blocks * jpeg->comp_info[i].height_in_blocks;
  }
  if (jpeg->num_components == 4) return "CMYK (4 components) is not supported, only grey and colour";
  if (jpeg->arith_code) return "arithmetic coding is not supported";
  if (blocks * (jpeg->progressive_mode ? 1 : 2) > (uint64_t)jpeg->src->bytes_in_buffer * 8) {
    return "the header claims more pixels than the file can hold";
  }
  return NULL;
}

// The coefficients, two bytes each, which libjpeg keeps where a picture comes in several scans; sides in whole blocks.
static uint64_t jpeg_coefficients(struct jpeg_decompress_struct *jpeg) {
  enum { LARGEST_FACTOR = 4 };
  uint64_t bytes = 0;
  for (int i = 0; i < jpeg->num_components; i++) {
    uint64_t h = (uint64_t)jpeg->comp_info[i].height_in_blocks + LARGEST_FACTOR;
    uint64_t w = (uint64_t)jpeg->comp_info[i].width_in_blocks + LARGEST_FACTOR;
    bytes += h * w * sizeof(JBLOCK);
  }
  return jpeg_has_multiple_scans(jpeg) ? bytes : 0;
}

static void jpeg_header(image_job *j, struct jpeg_decompress_struct *jpeg) {
  enum { MORE = 1 << 20 };
  jpeg_read_header(jpeg, TRUE);
  const char *problem = jpeg_refusal(jpeg);
  if (problem != NULL) jpeg_give_up((j_common_ptr)jpeg, problem);
  j->h = jpeg->image_height;
  j->w = jpeg->image_width;
  j->c = jpeg->num_components == 1 ? 1 : 3;
  j->beside = jpeg_coefficients(jpeg);
  jpeg->out_color_space = j->c == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg->mem->max_memory_to_use = (long)(j->beside + MORE); // of the coefficients alone
}

bool jpeg_decode(image_job *j) {
  struct jpeg_decompress_struct jpeg;
  jpeg_callbacks callbacks;
  jpeg.err = jpeg_callbacks_init(&callbacks, j);
  if (setjmp(j->failed) != 0) {
    jpeg_destroy_decompress(&jpeg);
    return false;
  }
  jpeg_create_decompress(&jpeg);
  jpeg.progress = &callbacks.progress;
  jpeg_mem_src(&jpeg, (unsigned char *)j->bytes, (unsigned long)j->left);
  jpeg_header(j, &jpeg);
  if (j->samples != NULL) {
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
      JSAMPROW row = j->samples + (size_t)jpeg.output_scanline * j->w * j->c;
      jpeg_read_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_decompress(&jpeg);
  }
  jpeg_destroy_decompress(&jpeg);
  return true;
}

// ---- writing ------------------------------------------------------------------------------------

static void jpeg_empty_buffer(j_compress_ptr jpeg) {
  image_job *j = job_of((j_common_ptr)jpeg);
  jpeg->dest->next_output_byte = j->buffer;
  jpeg->dest->free_in_buffer = sizeof j->buffer;
}

static void jpeg_put(j_compress_ptr jpeg, size_t n) {
  image_job *j = job_of((j_common_ptr)jpeg);
  j->held = n;
  if (!image_flush(j)) jpeg_give_up((j_common_ptr)jpeg, j->text);
  jpeg_empty_buffer(jpeg);
}

static boolean jpeg_put_buffer(j_compress_ptr jpeg) { // when it is full, whatever free_in_buffer says
  jpeg_put(jpeg, sizeof job_of((j_common_ptr)jpeg)->buffer);
  return TRUE;
}

static void jpeg_put_rest(j_compress_ptr jpeg) {
  jpeg_put(jpeg, sizeof job_of((j_common_ptr)jpeg)->buffer - jpeg->dest->free_in_buffer);
}

static void jpeg_settings(const image_job *j, struct jpeg_compress_struct *jpeg, int quality) {
  jpeg->image_height = j->h;
  jpeg->image_width = j->w;
  jpeg->input_components = (int)j->c;
  jpeg->in_color_space = j->c == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, quality, TRUE);
  for (int i = 0; quality >= 90 && i < jpeg->num_components; i++) { // keeps all the colour at high quality
    jpeg->comp_info[i].h_samp_factor = jpeg->comp_info[i].v_samp_factor = 1;
  }
}

bool jpeg_encode(image_job *j, int quality) {
  struct jpeg_compress_struct jpeg;
  jpeg_callbacks callbacks;
  struct jpeg_destination_mgr destination = {
      .init_destination = jpeg_empty_buffer, .empty_output_buffer = jpeg_put_buffer, .term_destination = jpeg_put_rest};
  jpeg.err = jpeg_callbacks_init(&callbacks, j);
  if (setjmp(j->failed) != 0) {
    jpeg_destroy_compress(&jpeg);
    return false;
  }
  jpeg_create_compress(&jpeg);
  jpeg.progress = &callbacks.progress;
  jpeg.dest = &destination;
  jpeg_settings(j, &jpeg, quality);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = j->samples + (size_t)jpeg.next_scanline * j->w * j->c;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  return true;
}
