// Knows: which texts of a page are too faint for small text by WCAG (4.5 to 1). Runs in the browser, as text.
(() => {
  const channels = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const over = ([red, green, blue, alpha = 1], below) =>
    [red, green, blue].map((value, index) => value * alpha + below[index] * (1 - alpha));
  const groundOf = (element) => {
    if (element === null) return [255, 255, 255];
    return over(channels(getComputedStyle(element).backgroundColor), groundOf(element.parentElement));
  };
  const luminance = (color) => {
    const [red, green, blue] = color.map((value) =>
      value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '');
  const contrastOf = (element) => {
    const ground = groundOf(element);
    const [dark, light] = [luminance(over(channels(getComputedStyle(element).color), ground)), luminance(ground)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const texts = [...document.querySelectorAll('body *')].filter((element) => hasText(element) && element.checkVisibility());
  const faint = texts.filter((element) => contrastOf(element) < 4.5);
  return {
    texts: texts.length,
    faint: faint.map((element) => `${contrastOf(element).toFixed(2)} ${element.className} ${element.textContent}`),
  };
})();
