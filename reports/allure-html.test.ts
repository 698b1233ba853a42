import { expect } from 'chai';
import type { OrdealError } from '../harness/errors/error.ts';
import { generateAllure, withoutAnalytics } from './allure-html.ts';

describe('allure’s page', () => {
  it('loses the scripts that report its readers, and nothing else', () => {
    const own = '<script src="app.js"></script>\n<script>window.allure = {};</script>';
    const page = `<body>${own}<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script><script>
      function gtag(){dataLayer.push(arguments);}
      gtag('config', 'G-1');
    </script></body>`;
    expect(withoutAnalytics(page)).to.equal(`<body>${own}</body>`);
  });

  it('is not to be had without the command, and says how to get it', async () => {
    const error = await generateAllure('/', 'no-such-allure').catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'ALLURE_MISSING', exit: 4 });
    expect((error as OrdealError).todo).to.contain('npm install --global allure@3.18.0');
  });
});
